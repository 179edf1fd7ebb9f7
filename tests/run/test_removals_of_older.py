"""What is removed is not the newest of its kind, by a document alone."""

from __future__ import annotations

from typing import Any

import pytest

from importing import imported
from pgagents.base.http import Request, Response
from shelves import TEXT, Shelf, document
from small_api import answer, verified

BOARD: dict[str, Any] = {"type": "object", "required": ["name"], "properties": {"name": TEXT}}


class Boards(Shelf):
    """Removes the one that it is asked for, or the last one; `most` are there at once."""

    def __init__(self, *, last: bool = False, most: int = 100) -> None:
        super().__init__("boards", lambda _: None)
        self.last, self.most = last, most

    def __call__(self, request: Request) -> Response:
        if request.method == "POST" and len(self.rows) >= self.most:
            return answer(409, {"detail": "no room"})
        removes = request.method == "DELETE" and request.path.rpartition("/")[2] in self.rows
        if removes and self.last and len(self.rows) > 1:
            self.rows.popitem()
            return Response(204)
        return super().__call__(request)


@pytest.mark.parametrize(
    ("server", "verdict"),
    [(Boards(), "kept"), (Boards(most=4), "kept"), (Boards(last=True), "odd")],
    ids=["right", "no room for another one", "the last"],
)
def test_a_server_that_removes_the_last_one_is_found(server: Boards, verdict: str) -> None:
    """As `todos.pop()` in a list of a process does."""
    model = imported(document("boards", BOARD, "application/json")).model
    report = verified(model, server, keys={}, allow_writes=True, only=("removals",))
    found = {r.contract.id: (r.verdict.value, r.reason) for r in report.results}
    got, reason = found["removals/board/get_board@rest"]
    assert got == verdict, reason
