"""A number that rose when a part was made falls when that is removed, by a document alone."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest

from importing import imported, openapi
from pgagents.base.http import Request, Response, read_json
from shelves import ID, TEXT, described
from small_api import answer, verified

BOARD: dict[str, Any] = {"type": "object", "required": ["id"], "properties": {"id": ID, "cards_count": ID}}
CARD: dict[str, Any] = {"type": "object", "required": ["id", "text"], "properties": {"id": ID, "text": TEXT}}


def document() -> dict[str, Any]:
    sent = {"type": "object", "required": ["text"], "properties": {"text": TEXT}}
    body = {"requestBody": {"content": {"application/json": {"schema": sent}}}}
    paths: dict[str, Any] = {}
    for path, row, given in (("/boards", BOARD, {}), ("/boards/{board_id}/cards", CARD, body)):
        noun = path.rpartition("/")[2].removesuffix("s")
        above = (
            [] if noun == "board" else [{"name": "board_id", "in": "path", "required": True, "schema": ID}]
        )
        one = [*above, {"name": f"{noun}_id", "in": "path", "required": True, "schema": ID}]
        paths[path] = {
            "parameters": above,
            "get": {"responses": described(200, {"type": "array", "items": row})},
            "post": {**given, "responses": described(201, row)},
        }
        paths[f"{path}/{{{noun}_id}}"] = {
            "parameters": one,
            "get": {"responses": described(200, row)},
            "delete": {"responses": described(204)},
        }
    return openapi(paths)


class Boards:
    """Keeps boards with cards. `up` and `down` are what their number changes by."""

    def __init__(self, up: int, down: int) -> None:
        self.up, self.down, self._ids = up, down, count(2)
        self.boards: dict[str, dict[str, Any]] = {"1": {"id": 1, "cards_count": 0}}
        self.cards: dict[str, dict[str, dict[str, Any]]] = {"1": {}}

    def __call__(self, request: Request) -> Response:
        _, noun, *rest = request.path.split("/")
        board = self.boards.get(rest[0]) if rest else None
        rows = self.cards[rest[0]] if board is not None and rest[1:2] == ["cards"] else self.boards
        id = rest[2] if rest[2:] else rest[0] if len(rest) == 1 else ""
        if noun != "boards" or (rest and board is None) or (rest[1:] and rest[1] != "cards"):
            return answer(404, {"detail": "none"})
        if id and id not in rows:
            return answer(404, {"detail": "none"})
        if request.method == "GET":
            return answer(200, rows[id] if id else [*rows.values()])
        if request.method == "DELETE" and id:
            del rows[id]
            if rest[1:] and board is not None:
                board["cards_count"] -= self.down
            return Response(204)
        number, body = next(self._ids), read_json(request.body or b"{}").value
        if rows is self.boards:
            self.cards[str(number)] = {}
            self.boards[str(number)] = {"id": number, "cards_count": 0}
        elif not isinstance(body, dict) or not isinstance(body.get("text"), str):
            return answer(422, {"detail": "text"})
        else:
            rows[str(number)] = {"id": number, "text": body["text"]}
            assert board is not None
            board["cards_count"] += self.up
        return answer(201, rows[str(number)])


@pytest.mark.parametrize(
    ("up", "down", "verdict"),
    [(1, 1, "kept"), (0, 0, "untested"), (1, 0, "odd")],
    ids=["right", "of another kind", "stale"],
)
def test_a_number_that_stays_when_a_part_is_removed_is_odd(up: int, down: int, verdict: str) -> None:
    model = imported(document()).model
    report = verified(model, Boards(up, down), keys={}, allow_writes=True, only=("nesting/counted",))
    found = {r.contract.id: (r.verdict.value, r.reason) for r in report.results}
    got, reason = found["nesting/counted/card/get_board@rest"]
    assert got == verdict, reason
