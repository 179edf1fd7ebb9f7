"""A resource's law about what a read shows holds of every read of a run, also after a change."""

from __future__ import annotations

import pytest

from pgagents.base.http import Request, Response
from pgagents.report.contract import Verdict
from small_api import Notes, answer, verified, with_resource

SHOWN = (
    "text: {type: string}}\n    required: [id, text]",
    "text: {type: string}, size: {type: integer}, gone: {type: boolean}}\n    required: [id, text]",
)


class Sized(Notes):
    """Notes that show how long their text is; a `stale` server counts it only when a note is made."""

    stale = False

    def make(self, id: str, text: str) -> Response:
        self.notes[id] = {"id": id, "text": text, "size": len(text)}
        return answer(201, self.notes[id])

    def _one(self, request: Request, id: str) -> Response:
        shown = super()._one(request, id)
        if shown.status == 200 and not self.stale:
            self.notes[id]["size"] = len(self.notes[id]["text"])
            return answer(200, self.notes[id])
        return shown


class Kept(Sized):
    """Removed notes are still read, and are of no size."""

    def _one(self, request: Request, id: str) -> Response:
        if request.method == "DELETE" and id in self.notes:
            self.notes[id] |= {"gone": True, "size": 0}
            return Response(204)
        if self.notes.get(id, {}).get("gone"):
            return answer(200 if request.method == "GET" else 404, self.notes[id])
        return super()._one(request, id)


def judge(server: Notes, law: str, more: str = "", only: tuple[str, ...] = ()) -> Verdict:
    """Return the verdict on a law of a note."""
    keys = f"{more}    laws: {{size: '{law}'}}\n"
    model = with_resource(SHOWN, ("    missing: NOT_FOUND\n", f"    missing: NOT_FOUND\n{keys}"))
    report = verified(model, server, allow_writes=True, only=only)
    [found] = [r for r in report.results if r.contract.id.endswith("note/size/get_note@rest")]
    return found.verdict


@pytest.mark.parametrize("stale", [True, False])
def test_a_law_of_what_is_read_holds_after_a_change(stale: bool) -> None:
    server = Sized()
    server.stale = stale
    assert judge(server, "read.size == size(read.text)") is (Verdict.BROKEN if stale else Verdict.KEPT)


def test_a_run_of_the_law_alone_has_the_changes_too() -> None:
    server = Sized()
    server.stale = True
    law = "read_after_write/law/note/size/get_note@rest"
    assert judge(server, "read.size == size(read.text)", only=(law,)) is Verdict.BROKEN


@pytest.mark.parametrize("law", ["read.text == created.text", "read.text == input.text"])
def test_a_law_that_compares_with_the_create_holds_of_the_new_one_alone(law: str) -> None:
    assert judge(Sized(), law) is Verdict.KEPT


def test_what_was_removed_and_is_still_read_has_no_laws() -> None:
    assert judge(Kept(), "read.size > 0", "    gone_when: resource.gone == true\n") is Verdict.KEPT
