"""A list gives ids to what lies below it, also where nothing reads one item."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from importing import answering, imported, openapi, taking
from pgagents.base.http import Request, Response, json_bytes
from pgagents.catalogue.model.model import Model
from pgagents.report.contract import Verdict
from pgagents.report.report import Report
from pgagents.verify.plan.options import Identities, Options
from pgagents.verify.run.run import verify

URL = "http://127.0.0.1:1"
TEXT = {"type": "string", "minLength": 1, "maxLength": 40}
NEW = {"type": "object", "required": ["title"], "properties": {"title": TEXT}}
ROW = {"type": "object", "required": ["id", "title"], "properties": {"id": TEXT, "title": TEXT}}
PROJECT = {"type": "object", "required": ["id"], "properties": {"id": TEXT, "open": {"type": "boolean"}}}
PROJECTS = {"type": "array", "items": PROJECT}
ROWS, NOTHING = {"type": "array", "items": ROW}, {"204": {"description": "Done"}}
MISSING = {"404": {"description": "Not there"}, "422": {"description": "Refused"}}


def one(*names: str) -> list[dict[str, Any]]:
    return [{"name": name, "in": "path", "required": True, "schema": TEXT} for name in names]


def creates(name: str) -> dict[str, Any]:
    made = {"201": answering(ROW)["200"], **MISSING}
    return {"operationId": name, "requestBody": taking(NEW), "responses": made}


@cache
def model() -> Model:
    """The model of a document in which nothing reads one project, one note or one tag."""
    paths: dict[str, Any] = {
        "/projects": {
            "get": {
                "operationId": "list_projects",
                "responses": answering({"type": "array", "items": PROJECT}),
            }
        },
        "/projects/{project_id}/advice": {
            "parameters": one("project_id"),
            "get": {"operationId": "advise", "responses": answering(ROWS) | MISSING},
        },
        "/projects/{project_id}/close": {
            "parameters": one("project_id"),
            "post": {"operationId": "close_project", "responses": NOTHING | MISSING},
        },
        "/projects/{project_id}/labels": {
            "parameters": one("project_id"),
            "post": creates("create_label"),
            "get": {"operationId": "list_labels", "responses": answering(ROWS) | MISSING},
        },
        "/projects/{project_id}/notes": {
            "parameters": one("project_id"),
            "post": creates("create_note"),
            "get": {"operationId": "list_notes", "responses": answering(ROWS) | MISSING},
        },
        "/projects/{project_id}/notes/{note_id}": {
            "parameters": one("project_id", "note_id"),
            "delete": {"operationId": "delete_note", "responses": NOTHING | MISSING},
        },
    }
    return imported(openapi(paths)).model


class Board:
    """Keeps notes and labels of two projects, of which one is closed."""

    def __init__(self) -> None:
        self.count = 0
        self.rows = {
            "notes": {"p1": {"n0": {"id": "n0", "title": "older"}}, "p2": {}},
            "labels": {"p1": {"l0": {"id": "l0", "title": "older"}}, "p2": {}},
        }
        self.closed: list[str] = []
        self.made = {"notes": 0, "labels": 0}

    def __call__(self, request: Request) -> Response:
        steps = request.path.strip("/").split("/")
        kind = steps[-1] if len(steps) < 4 else "row"
        methods = {"close": ["POST"], "row": ["DELETE"], "notes": ["GET", "POST"], "labels": ["GET", "POST"]}
        if request.method not in methods.get(kind, ["GET"]):
            return Response(405, (("Allow", ", ".join(methods.get(kind, ["GET"]))),), b"")
        if steps == ["projects"]:
            return self._answer(200, [{"id": "p1", "open": True}, {"id": "p2", "open": False}])
        if len(steps) < 3 or steps[0] != "projects" or steps[1] not in ("p1", "p2"):
            return self._answer(404, {})
        if kind == "close":
            self.closed.append(steps[1])
            return Response(204, (), b"")
        if kind == "advice":
            return self._answer(200, [{"id": "a", "title": "rest"}])
        rows = self.rows.get(steps[2], {}).get(steps[1])
        if rows is None or (kind == "row" and steps[3] not in rows):
            return self._answer(404, {})
        if kind == "row":
            del rows[steps[3]]
            return Response(204, (), b"")
        if request.method == "POST":
            return self._create(request, kind, rows)
        return self._answer(200, [*rows.values()])

    def _create(self, request: Request, kind: str, rows: dict[str, Any]) -> Response:
        try:
            title = json.loads(request.body)["title"]
        except (ValueError, TypeError, KeyError):
            return self._answer(422, {})
        if not isinstance(title, str) or not 1 <= len(title) <= 40:
            return self._answer(422, {})
        self.count += 1
        self.made[kind] += 1
        rows[f"x{self.count}"] = {"id": f"x{self.count}", "title": title}
        return self._answer(201, rows[f"x{self.count}"])

    def _answer(self, status: int, body: Any) -> Response:
        return Response(status, (("Content-Type", "application/json"),), json_bytes(body))


def run(board: Board, *, writes: bool) -> Report:
    now = [1_776_000_000.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    return verify(
        model(), board, Identities({}), Options(live=False, allow_writes=writes),
        clock=lambda: now[0], sleep=sleep, wall=lambda: "2026-04-12T13:20:00Z", url=URL, timer=lambda: now[0],
    )  # fmt: skip


def list_broken(report: Report) -> list[str]:
    return [r.contract.id for r in report.results if r.verdict in (Verdict.BROKEN, Verdict.ODD)]


def test_what_lies_below_a_list_is_read_by_its_ids() -> None:
    report = run(Board(), writes=False)
    assert list_broken(report) == []
    verdicts = {r.contract.id: r.verdict for r in report.results}
    assert verdicts["valid_calls/ordinary/advise@rest"] is Verdict.KEPT


def test_found_parent_is_not_changed_and_gets_nothing_that_stays() -> None:
    board = Board()
    report = run(board, writes=True)
    assert list_broken(report) == []
    assert board.closed == []
    assert board.made["notes"] > 0
    assert board.made["labels"] == 0
    assert board.rows == Board().rows
