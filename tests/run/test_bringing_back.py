"""An action that brings back what was removed may refuse what is there."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest

from importing import imported, openapi
from pgagents.base.http import Request, Response, json_bytes
from pgagents.catalogue.model.model import Model
from pgagents.report.contract import Verdict
from pgagents.report.report import Report
from pgagents.verify.plan.options import Identities, Options
from pgagents.verify.run.run import verify

TEXT = {"type": "string"}
PROBLEM = {"type": "object", "required": ["detail"], "properties": {"detail": TEXT}}
ORDINARY = "valid_calls/ordinary/{}_room@rest"


def answers(status: int, schema: dict[str, Any] | None, *refusals: int) -> dict[str, Any]:
    content = {} if schema is None else {"content": {"application/json": {"schema": schema}}}
    refused = {"description": "No", "content": {"application/json": {"schema": PROBLEM}}}
    return {str(status): {"description": "So", **content}, **{str(code): refused for code in refusals}}


@cache
def model(word: str) -> Model:
    """The model of a document of rooms, with an action of this name on one."""
    name = {"type": "string", "minLength": 1, "maxLength": 40}
    room = {"type": "object", "required": ["id", "name"], "properties": {"id": TEXT, "name": TEXT}}
    sent = {"type": "object", "required": ["name"], "properties": {"name": name}}
    body = {"required": True, "content": {"application/json": {"schema": sent}}}
    paths = {
        "/rooms": {
            "post": {
                "operationId": "create_room",
                "requestBody": body,
                "responses": answers(201, room, 400),
            },
        },
        "/rooms/{room_id}": {
            "parameters": [{"name": "room_id", "in": "path", "required": True, "schema": TEXT}],
            "get": {"operationId": "get_room", "responses": answers(200, room, 404)},
            "delete": {"operationId": "delete_room", "responses": answers(204, None, 404)},
        },
        f"/rooms/{{room_id}}/{word}": {
            "parameters": [{"name": "room_id", "in": "path", "required": True, "schema": TEXT}],
            "post": {"operationId": f"{word}_room", "responses": answers(200, room, 404, 409)},
        },
    }
    return imported(openapi(paths)).model


class Rooms:
    """A server whose last action refuses a room that is there with `live`, and a removed one with `gone`."""

    def __init__(self, live: int, gone: int) -> None:
        self.live, self.gone = live, gone
        self.rooms: dict[str, dict[str, Any]] = {}
        self.removed: set[str] = set()
        self.count = 0

    def __call__(self, request: Request) -> Response:
        _, collection, *rest = request.path.split("/")
        if collection != "rooms":
            return answer(404, {"detail": "no such path"})
        if request.method != ("POST" if len(rest) != 1 else request.method):
            return Response(405, (("Allow", "POST"),), b"")
        if not rest:
            return self._create(request)
        id = rest[0]
        if id not in self.rooms or (id in self.removed and len(rest) == 1):
            return answer(404, {"detail": "not there"})
        if len(rest) == 2:
            status = self.gone if id in self.removed else self.live
            self.removed -= {id} if status == 200 else set()
            return answer(status, self.rooms[id] if status == 200 else {"detail": "no"})
        if request.method == "DELETE":
            self.removed.add(id)
            return Response(204, (), b"")
        return answer(200, self.rooms[id])

    def _create(self, request: Request) -> Response:
        try:
            name = json.loads(request.body)["name"]
        except (ValueError, KeyError, TypeError):
            return answer(400, {"detail": "wrong"})
        self.count += 1
        id = f"6f1d3c1e-8a0b-4d7e-9c2f-{self.count:012d}"
        self.rooms[id] = {"id": id, "name": name}
        return answer(201, self.rooms[id])


def answer(status: int, body: Any) -> Response:
    return Response(status, (("Content-Type", "application/json"),), json_bytes(body))


def run(word: str, server: Rooms) -> Report:
    now = [1_776_000_000.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    only = ("valid_calls/ordinary", "honours_manifest/accepts", "no_crashes/", "removals/")
    options = Options(live=False, allow_writes=True, exclusive=True, only=only)
    return verify(
        model(word), server, Identities({}), options,
        clock=lambda: now[0], sleep=sleep, wall=lambda: "2026-04-12T13:20:00Z", url="http://127.0.0.1:1",
        timer=lambda: now[0],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("live", "verdict"), [(404, Verdict.UNTESTED), (409, Verdict.UNTESTED), (200, Verdict.KEPT)]
)
@pytest.mark.parametrize("word", ["restore", "undelete"])
def test_action_that_brings_back_may_refuse_what_is_there(word: str, live: int, verdict: Verdict) -> None:
    report = run(word, Rooms(live, 200))
    results = {r.contract.id: r for r in report.results}
    assert report.findings == ()
    assert results[ORDINARY.format(word)].verdict is verdict
    assert results[f"honours_manifest/accepts/{word}_room@rest"].verdict is verdict


def test_other_action_that_refuses_what_is_there_is_told() -> None:
    """Its name says nothing of what was removed."""
    report = run("print", Rooms(404, 200))
    result = next(r for r in report.results if r.contract.id == ORDINARY.format("print"))
    assert result.verdict in (Verdict.BROKEN, Verdict.ODD)
