"""What a removal is refused for (409), a run makes itself and takes away again; then the removal is done."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest

from importing import imported, openapi, taking
from pgagents.base.http import Request, Response, read_json
from pgagents.report.contract import Verdict
from pgagents.report.report import Report
from pgagents.verify.plan.options import Identities, Options
from pgagents.verify.run.run import verify
from small_api import answer

TEXT = {"type": "string", "minLength": 1, "maxLength": 40}
ROOM = {"type": "object", "required": ["id", "title"], "properties": {"id": TEXT, "title": TEXT}}
DESK = {
    "type": "object",
    "required": ["id", "room_id", "label"],
    "properties": {"id": TEXT, "room_id": TEXT, "label": TEXT},
}
KEEPS = "nesting/freed/room/desk/delete_room@rest"


def document() -> dict[str, Any]:
    """Return a document of rooms, and of desks that name their room in the body."""
    paths: dict[str, Any] = {}
    for noun, row in (("room", ROOM), ("desk", DESK)):
        sent = {k: v for k, v in row["properties"].items() if k != "id"}
        new = {"type": "object", "required": [*sent], "properties": sent}
        shown = {"description": "So", "content": {"application/json": {"schema": row}}}
        every = {**shown, "content": {"application/json": {"schema": {"type": "array", "items": row}}}}
        none = {str(status): {"description": "No"} for status in (404, 422)}
        held = {"409": {"description": "Desks stand in it"}} if noun == "room" else {}
        paths[f"/{noun}s"] = {
            "get": {"operationId": f"list_{noun}s", "responses": {"200": every}},
            "post": {
                "operationId": f"create_{noun}",
                "requestBody": taking(new),
                "responses": {"201": shown, **none},
            },
        }
        paths[f"/{noun}s/{{{noun}_id}}"] = {
            "parameters": [{"name": f"{noun}_id", "in": "path", "required": True, "schema": TEXT}],
            "get": {"operationId": f"get_{noun}", "responses": {"200": shown, **none}},
            "delete": {
                "operationId": f"delete_{noun}",
                "responses": {"204": {"description": "Gone"}, **none, **held},
            },
        }
    return openapi(paths)


class Office:
    """Keeps rooms and desks. `habit`: a room with a desk stays (`right`), each room that ever had one stays
    (`stale`), no room is ever removed (`never`), or its desks go with it (`cascades`).
    """

    def __init__(self, habit: str) -> None:
        self.habit, self.had, self.ids = habit, set[str](), count(1)
        self.rows: dict[str, dict[str, Any]] = {"rooms": {}, "desks": {}}

    def __call__(self, request: Request) -> Response:
        _, kind, *rest = request.path.split("/")
        rows, id = self.rows.get(kind), rest[0] if rest else ""
        if rows is None or len(rest) > 1 or (id and id not in rows):
            return answer(404, {"detail": "none"})
        if request.method == "GET":
            return answer(200, rows[id] if id else [*rows.values()])
        if request.method == "DELETE" and id:
            return self._remove(kind, id)
        if request.method == "POST" and not id:
            return self._make(kind, read_json(request.body or b"{}").value)
        return answer(405, {"detail": "no such method"}, Allow="GET, DELETE" if id else "GET, POST")

    def _remove(self, kind: str, id: str) -> Response:
        inside = [desk for desk in self.rows["desks"].values() if desk["room_id"] == id]
        stays = {"right": bool(inside), "stale": id in self.had, "never": True, "cascades": False}
        if kind == "rooms" and stays[self.habit]:
            return answer(409, {"detail": "desks stand in it"})
        for desk in inside:
            del self.rows["desks"][desk["id"]]
        del self.rows[kind][id]
        return Response(204)

    def _make(self, kind: str, body: Any) -> Response:
        names = ("title",) if kind == "rooms" else ("label", "room_id")
        known = isinstance(body, dict) and all(isinstance(body.get(n), str) and body[n] for n in names)
        if not known or any(len(body[n]) > 40 for n in names):
            return answer(422, {"detail": "wrong"})
        if kind == "desks" and body["room_id"] not in self.rows["rooms"]:
            return answer(422, {"detail": "no such room"})
        id = f"{kind[0]}{next(self.ids)}x7f"
        self.rows[kind][id] = {"id": id, **{name: body[name] for name in names}}
        self.had.add(str(body.get("room_id")))
        return answer(201, self.rows[kind][id])


def run_on(habit: str) -> Report:
    now = [1_776_000_000.0]
    return verify(
        imported(document()).model, Office(habit), Identities({}, calls_keyless=True),
        Options(live=False, allow_writes=True, only=("nesting",)), clock=lambda: now[0],
        sleep=lambda seconds: now.append(now.pop() + seconds), wall=lambda: "2026-04-12T13:20:00Z",
        url="http://127.0.0.1:1", timer=lambda: now[0],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("habit", "verdict"),
    [
        ("right", Verdict.KEPT),
        ("stale", Verdict.ODD),
        ("never", Verdict.UNTESTED),
        ("cascades", Verdict.UNTESTED),
    ],
)
def test_a_room_that_only_its_desk_kept_is_removed_when_that_is_gone(habit: str, verdict: Verdict) -> None:
    result = next(r for r in run_on(habit).results if r.contract.id == KEEPS)
    assert result.verdict is verdict, result.reason


def test_a_room_that_goes_with_its_desks_owes_nothing() -> None:
    result = next(r for r in run_on("cascades").results if r.contract.id == KEEPS)
    assert result.excused
