"""With a second key, a list is asked with another's parent in its filter."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from typing import Any
from urllib.parse import parse_qs

import pytest

from importing import imported, openapi
from pgagents.base.http import Request, Response, read_json
from pgagents.importer.catalogue import Choice
from pgagents.importer.places import open_source
from small_api import accepting, answer, verified

KEYS = {"main": "test_key_1", "second": "test_key_2"}
ID = {"type": "integer"}
BOARD = {"type": "object", "required": ["id"], "properties": {"id": ID, "state": {"type": "string"}}}
STATE = {"name": "state", "in": "query", "schema": {"type": "string", "enum": ["done"]}}
"""Of a card; a board has another `state`."""
CARD = {"type": "object", "required": ["id", "board_id"], "properties": {"id": ID, "board_id": ID}}
LISTED = "absent_id/foreign/board_id/list_cards@rest"


def described(status: int, schema: dict[str, Any] | None = None) -> dict[str, Any]:
    content = {"content": {"application/json": {"schema": schema}}} if schema else {}
    return {str(status): {"description": "So", **content}, "404": {"description": "No"}}


def document() -> dict[str, Any]:
    sent = {"type": "object", "required": ["board_id"], "properties": {"board_id": ID}}
    bodies = {"cards": {"requestBody": {"content": {"application/json": {"schema": sent}}}}}
    filters = {"cards": {"parameters": [{"name": "board_id", "in": "query", "schema": ID}, STATE]}}
    paths: dict[str, Any] = {}
    for noun, row in (("boards", BOARD), ("cards", CARD)):
        one = {"name": "id", "in": "path", "required": True, "schema": ID}
        listed = {"type": "array", "items": row}
        paths[f"/{noun}"] = {
            "get": {
                "operationId": f"list_{noun}",
                **filters.get(noun, {}),
                "responses": described(200, listed),
            },
            "post": {**bodies.get(noun, {}), "responses": described(201, row)},
        }
        paths[f"/{noun}/{{id}}"] = {
            "parameters": [one],
            "get": {"responses": described(200, row)},
            "delete": {"responses": described(204)},
        }
    scheme = {"key": {"type": "http", "scheme": "bearer"}}
    return openapi(paths, components={"securitySchemes": scheme}, security=[{"key": []}])


class Boards:
    """Keeps the cards of two customers. A list `heeds` its filter before or after its key."""

    def __init__(self, heeds: str) -> None:
        self.heeds, self._ids = heeds, count(100)
        self.rows: dict[str, dict[int, dict[str, Any]]] = {"boards": {}, "cards": {}}
        self.owners: dict[int, str] = {}
        for who in KEYS:
            board = self._make(who, "boards", {"state": "planned"})
            self._make(who, "cards", {"board_id": board["id"]})

    def _make(self, who: str, noun: str, more: dict[str, Any]) -> dict[str, Any]:
        row = {"id": next(self._ids), **more}
        self.rows[noun][row["id"]], self.owners[row["id"]] = row, who
        return row

    def __call__(self, request: Request) -> Response:
        who = next((name for name, key in KEYS.items() if accepting(key)(request)), "")
        if not who:
            return answer(401, {"detail": "who are you?"})
        _, noun, *rest = request.path.split("/")
        rows = {id: row for id, row in self.rows.get(noun, {}).items() if self.owners[id] == who}
        if noun not in self.rows or (rest and not (rest[0].isdecimal() and int(rest[0]) in rows)):
            return answer(404, {"detail": "none"})
        if rest and request.method == "DELETE":
            del self.rows[noun][int(rest[0])]
            return Response(204)
        if "state=" in request.target and "state=done" not in request.target:
            return answer(404, {"detail": "what state?"})
        if request.method == "GET":
            return answer(200, rows[int(rest[0])] if rest else self._list(noun, rows, request))
        body = read_json(request.body or b"{}").value
        board = body.get("board_id") if isinstance(body, dict) else None
        if noun == "cards" and self.owners.get(board if isinstance(board, int) else 0) != who:
            return answer(404, {"detail": "no such board"})
        return answer(
            201, self._make(who, noun, {"board_id": board} if noun == "cards" else {"state": "new"})
        )

    def _list(self, noun: str, rows: dict[int, Any], request: Request) -> list[dict[str, Any]]:
        wanted = parse_qs(request.target.partition("?")[2]).get("board_id", [""])[0]
        if noun != "cards" or not wanted or self.heeds == "never":
            return [*rows.values()]
        every = self.rows["cards"] if self.heeds == "before" else rows
        return [row for row in every.values() if str(row["board_id"]) == wanted]


@pytest.mark.parametrize(
    ("heeds", "verdict"), [("after", "kept"), ("before", "broken"), ("never", "untested")]
)
def test_the_cards_of_anothers_board_are_not_listed(heeds: str, verdict: str) -> None:
    server = Boards(heeds)
    made = imported(document(), Choice(second=True), offering=False)
    places = made.places, made.schemes, made.bases
    model = replace(made.model, source=open_source(made.document, "openapi.json", made.data, *places))
    report = verified(model, server, keys=KEYS, allow_writes=True, only=("absent_id/foreign",))
    assert {r.contract.id: r.verdict.value for r in report.results}[LISTED] == verdict
    assert [f.contract.id for f in report.findings] == ([LISTED] if verdict == "broken" else [])
