"""An instance that a run moved goes with its new parent. Nobody asks for it afterwards.

A right server of notebooks and notes: a PUT may name another notebook, and a notebook's removal takes along
what it has by then. Notes have a path of their own (`flat`) or the path of their notebook.
"""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from itertools import count
from typing import Any

import pytest

from importing import imported, openapi
from pgagents.base.http import Request, Response, json_bytes
from pgagents.catalogue.load import load_text
from pgagents.catalogue.model.model import Model
from pgagents.report.report import Report
from pgagents.verify.fixtures.instance import Instance
from pgagents.verify.fixtures.pool import FixturePool
from pgagents.verify.plan.options import Identities, Options
from pgagents.verify.run.run import verify

URL, JSON = "http://127.0.0.1:1", "application/json"
NUMBER, ERROR = (
    {"type": "integer", "minimum": 1},
    {"type": "object", "properties": {"detail": {"type": "string"}}},
)
TITLE = {"type": "string", "minLength": 1, "maxLength": 60}


def shape(**members: Any) -> dict[str, Any]:
    return {
        "type": "object", "additionalProperties": False, "required": list(members), "properties": members,
    }  # fmt: skip


NOTEBOOK = shape(id=NUMBER, title=TITLE)
NOTE = shape(id=NUMBER, text=TITLE, notebook_id=NUMBER)


def call(name: str, status: int, answer: Any, body: Any = None, ids: tuple[str, ...] = ()) -> dict[str, Any]:
    """An operation, with the refusals that this server knows."""
    content = {} if answer is None else {"content": {JSON: {"schema": answer}}}
    refused = {str(s): {"description": "No", "content": {JSON: {"schema": ERROR}}} for s in (404, 422)}
    given = {} if body is None else {"requestBody": {"required": True, "content": {JSON: {"schema": body}}}}
    params = [{"name": n, "in": "path", "required": True, "schema": NUMBER} for n in ids]
    responses = {str(status): {"description": "So", **content}, **refused}
    return {"operationId": name, "parameters": params, "responses": responses, **given}


@cache
def model(flat: bool, authored: bool) -> Model:
    paths: dict[str, Any] = {
        "/notebooks": {
            "get": call("list_notebooks", 200, {"type": "array", "items": NOTEBOOK}),
            "post": call("create_notebook", 201, NOTEBOOK, shape(title=TITLE)),
        },
        "/notebooks/{notebook_id}": {
            "get": call("get_notebook", 200, NOTEBOOK, ids=("notebook_id",)),
            "delete": call("delete_notebook", 204, None, ids=("notebook_id",)),
        },
    }
    above, around = ("", ()) if flat else ("/notebooks/{notebook_id}", ("notebook_id",))
    new = shape(text=TITLE, notebook_id=NUMBER) if flat else shape(text=TITLE)
    other = "notebook_id" if flat else "new_notebook_id"
    changed = shape(**{"text": TITLE, other: NUMBER})
    paths[f"{above}/notes"] = {
        "get": call("list_notes", 200, {"type": "array", "items": NOTE}, ids=around),
        "post": call("create_note", 201, NOTE, new, around),
    }
    paths[f"{above}/notes/{{note_id}}"] = {
        "get": call("get_note", 200, NOTE, ids=(*around, "note_id")),
        "put": call("change_note", 200, NOTE, changed, (*around, "note_id")),
        "delete": call("delete_note", 204, None, ids=(*around, "note_id")),
    }
    text = imported(openapi(paths)).text
    if authored:
        text = text.replace("    inferred: true\n", "").replace(
            "  note:\n", "  note:\n    within: notebook\n"
        )
        text = (
            text.replace(f"      {other}: {{", f"      {other}: {{refers_to: notebook, ")
            if not flat
            else text
        )
    return load_text(text, "notes.yaml")


class Server:
    """Keeps notebooks and notes, some of which were there before."""

    def __init__(self, flat: bool, *, reuses: bool = False) -> None:
        self.flat, self.ids = flat, iter(self.next_id, 0) if reuses else count(10)
        self.notebooks: dict[int, dict[str, Any]] = {1: {"id": 1, "title": "older"}}
        self.notes: dict[int, dict[str, Any]] = {2: {"id": 2, "text": "older", "notebook_id": 1}}
        self.moves: list[tuple[int, int, int]] = []
        self.gone, self.asked_in_vain = set[int](), list[str]()

    def next_id(self) -> int:
        """Return the number after the greatest one, as SQLite does without AUTOINCREMENT."""
        return max((0, *self.notebooks, *self.notes)) + 1

    def __call__(self, request: Request) -> Response:
        parts = request.path.strip("/").split("/")
        body = None
        if request.method in ("POST", "PUT"):
            try:
                body = json.loads(request.body)
            except (ValueError, UnicodeDecodeError):
                return self._refuse(422)
            if not isinstance(body, dict):
                return self._refuse(422)
        around = None
        if parts[0] == "notebooks" and len(parts) > 2 and not self.flat:
            around = self._number(parts[1])
            if around is None:
                return self._refuse(422)
            if around not in self.notebooks:
                return self._refuse(404)
            parts = parts[2:]
        if (
            parts[0] not in ("notebooks", "notes")
            or len(parts) > 2
            or (parts[0] == "notes" and not self.flat and around is None)
        ):
            return self._refuse(404)
        if len(parts) == 2:
            id = self._number(parts[1])
            if id is None:
                return self._refuse(422)
            return self._one(request.method, parts[0], id, body, around)
        return self._all(request.method, parts[0], body, around)

    def _all(self, method: str, kind: str, body: Any, around: int | None) -> Response:
        kept = getattr(self, kind)
        if method == "GET":
            return self._answer(
                200, [k for k in kept.values() if around is None or k["notebook_id"] == around]
            )
        if method != "POST":
            return self._refuse(405)
        if kind == "notebooks":
            if not self._fits(body, title=str):
                return self._refuse(422)
            id = next(self.ids)
            self.notebooks[id] = {"id": id, "title": body["title"]}
            return self._answer(201, self.notebooks[id])
        if not (self._fits(body, text=str, notebook_id=int) if self.flat else self._fits(body, text=str)):
            return self._refuse(422)
        home = body["notebook_id"] if around is None else around
        if home not in self.notebooks:
            return self._refuse(404)
        id = next(self.ids)
        self.gone.discard(id)
        self.notes[id] = {"id": id, "text": body["text"], "notebook_id": home}
        return self._answer(201, self.notes[id])

    def _one(self, method: str, kind: str, id: int, body: Any, around: int | None) -> Response:
        kept = getattr(self, kind)
        if kind == "notes" and id in self.gone:
            self.asked_in_vain.append(f"{method} {id}")
        other = "notebook_id" if self.flat else "new_notebook_id"
        if method == "PUT" and kind == "notes" and not self._fits(body, **{"text": str, other: int}):
            return self._refuse(422)
        if id not in kept or (around is not None and kept[id]["notebook_id"] != around):
            return self._refuse(404)
        if method == "GET":
            return self._answer(200, kept[id])
        if method == "DELETE":
            del kept[id]
            if kind == "notebooks":
                went = {k for k, v in self.notes.items() if v["notebook_id"] == id}
                self.notes = {k: v for k, v in self.notes.items() if k not in went}
                self.gone |= went
            return Response(204)
        if method != "PUT" or kind == "notebooks":
            return self._refuse(405)
        if body[other] not in self.notebooks:
            return self._refuse(404)
        if kept[id]["notebook_id"] != body[other]:
            self.moves.append((id, kept[id]["notebook_id"], body[other]))
        kept[id] |= {"text": body["text"], "notebook_id": body[other]}
        return self._answer(200, kept[id])

    @staticmethod
    def _number(text: str) -> int | None:
        return int(text) if text.isascii() and text.isdecimal() and int(text) > 0 else None

    @staticmethod
    def _fits(body: Any, **types: type) -> bool:
        if body.keys() != types.keys():
            return False
        return all(
            type(body[k]) is t and (1 <= len(body[k]) <= 60 if t is str else body[k] > 0)
            for k, t in types.items()
        )

    @staticmethod
    def _answer(status: int, body: Any) -> Response:
        return Response(status, (("Content-Type", JSON),), json_bytes(body))

    def _refuse(self, status: int) -> Response:
        allow = (("Allow", "GET"),) if status == 405 else ()
        return replace(
            self._answer(status, {"detail": str(status)}), headers=(("Content-Type", JSON), *allow)
        )


def judged(flat: bool, seed: int, authored: bool = False, *, reuses: bool = False) -> tuple[Report, Server]:
    now, server = [1_776_000_000.0], Server(flat, reuses=reuses)

    def sleep(seconds: float) -> None:
        now[0] += seconds

    report = verify(
        model(flat, authored), server, Identities({}), Options(live=False, allow_writes=True, seed=seed),
        clock=lambda: now[0], sleep=sleep, wall=lambda: "2026-04-12T13:20:00Z", url=URL, timer=lambda: now[0],
    )  # fmt: skip
    return report, server


@pytest.mark.parametrize(("flat", "authored"), [(True, False), (True, True), (False, True)])
def test_what_went_with_its_new_parent_is_only_looked_for(flat: bool, authored: bool) -> None:
    report, server = judged(flat, 0, authored)
    assert [f.contract.id for f in report.findings] == []
    assert bool(server.moves) == flat
    assert [call for call in server.asked_in_vain if not call.startswith("GET ")] == []
    assert server.notes.keys() == {2}


def test_a_moved_instance_is_found_under_its_new_parent() -> None:
    pool = FixturePool(model(False, True).resources)
    resources = model(False, True).resources
    one, two = (Instance(resources["notebook"], id, {"id": id}, "main", True, None) for id in (11, 12))
    note = Instance(resources["note"], 13, {"id": 13}, "main", True, None, place="11", parent=one)
    for instance in (one, two, note):
        pool.add(instance)
    pool.move(note, two)
    assert (note.parent, note.place) == (two, "12")
    assert pool.find(resources["note"], 13, "12") is note
    assert pool.find(resources["note"], 13, "11") is None


@pytest.mark.parametrize("seed", [0, pytest.param(3, marks=pytest.mark.matrix)])
@pytest.mark.parametrize("flat", [True, False])
def test_ids_that_come_again_cost_no_contract(flat: bool, seed: int) -> None:
    report, _ = judged(flat, seed, reuses=True)
    reasons = [result.reason for result in report.results if str(result.verdict.value) == "untested"]
    assert [f.contract.id for f in report.findings] == []
    assert len(reasons) < 10
    assert not [reason for reason in reasons if "existed before" in reason]
