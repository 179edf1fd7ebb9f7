"""A list without a removed instance: an id that nothing has any more is its own, and a reused one is not."""

from __future__ import annotations

from pgagents.base.http import Request, Response
from pgagents.report.contract import Verdict
from pgagents.report.report import Result
from small_api import Notes, answer, verified, with_resource

LISTED = "removals/listed/note/list_notes@rest"


class Cached(Notes):
    """Notes without a word that only this run wrote. A list has notes that were removed.

    With `reuses`, another note gets the id of a removed one at once.
    """

    def __init__(self, *, reuses: bool, late: int = 0) -> None:
        super().__init__()
        self.reuses, self.late, self.removed = reuses, late, dict[str, dict[str, str]]()
        self.odd = Cached.answer_oddly

    def answer_oddly(self, request: Request) -> Response | None:
        """Answer a removal, and a list."""
        id = request.path.rpartition("/")[2]
        if request.method == "DELETE" and id in self.notes:
            note = self.notes.pop(id)
            (self.notes if self.reuses else self.removed)[id] = {**note, "text": "hello"}
            return Response(204)
        if request.method == "GET" and request.path == "/notes":
            rows = [*self.notes.values(), *self.removed.values()]
            if self.removed and self.late:
                self.late -= 1
                self.removed = self.removed if self.late else {}
            return answer(200, {"notes": rows})
        return None


def judge(server: Notes) -> Result:
    report = verified(with_resource(), server, only=("removals",))
    return next(result for result in report.results if result.contract.id == LISTED)


def test_a_list_shows_a_removed_instance_whose_id_nothing_has() -> None:
    result = judge(Cached(reuses=False))
    assert result.verdict is Verdict.BROKEN


def test_a_list_that_is_late_is_right() -> None:
    assert judge(Cached(reuses=False, late=2)).verdict is Verdict.KEPT


def test_an_id_that_another_has_now_shows_nothing() -> None:
    result = judge(Cached(reuses=True))
    assert result.verdict is Verdict.UNTESTED
    assert "another one that got its id" in result.reason
