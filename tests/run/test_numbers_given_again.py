"""A removed instance whose number somebody else got is not named again, also where only lists show it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from pgagents.base.http import Request, Response
from pgagents.catalogue.model.model import Model
from pgagents.report.contract import Verdict
from small_api import KEY, KNOWN, NOTES, Notes, answer, catalogue, verified

CONTRACT = "hint_idempotent/delete_note@rest"


def model() -> Model:
    """The catalogue of notes whose ids are numbers, and which no action reads one by one."""
    begun, _, rest = NOTES.partition("  get_note:")
    text = begun + "  delete_note:" + rest.partition("  delete_note:")[2] + KNOWN
    return catalogue(
        text,
        (
            "note_id: {type: string, minLength: 1, maxLength: 40, required: true}",
            "note_id: {type: integer, minimum: 1, required: true, refers_to: note}",
        ),
        ("    read_by: {action: get_note, input: {note_id: =resource.id}, at: response}\n", ""),
        ("{id: {type: string}", "{id: {type: integer}"),
        ("absent: no-such-note", "absent: 987654321"),
    )


@dataclass(slots=True)
class Counted:
    """A server of numbered notes. After a removal, somebody else may write a note, which gets the number."""

    others: bool
    notes: dict[int, dict[str, Any]] = field(default_factory=dict)
    made: int = 0
    lost: int = 0
    """The number of notes of others that were removed."""

    def __call__(self, request: Request) -> Response:
        """Answer a request."""
        if request.header("Authorization") not in (f"Bearer {KEY}", f"bearer {KEY}"):
            return answer(401, {"detail": "who are you?"})
        head, _, tail = request.path.strip("/").partition("/")
        if head != "notes":
            return answer(404, {"detail": "no such path"})
        if not tail:
            return self._all(request)
        if request.method != "DELETE":
            return answer(405, {"detail": "no such method"}, Allow="DELETE")
        if not tail.isdecimal() or int(tail) < 1:
            return answer(422, {"detail": "no number"})
        found = self.notes.pop(int(tail), None)
        if found is None:
            return answer(404, {"detail": "no such note"})
        self.lost += found["text"] == "of another"
        if self.others:
            self._add("of another", int(tail))
        return Response(204)

    def _all(self, request: Request) -> Response:
        if request.method == "GET":
            return answer(200, {"notes": list(self.notes.values())})
        text = Notes.text(request)
        if text is None:
            return answer(422, {"detail": "a text"})
        self.made += 1
        return answer(201, self._add(text, self.made))

    def _add(self, text: str, id: int) -> dict[str, Any]:
        self.notes[id] = {"id": id, "text": text}
        return self.notes[id]


@pytest.mark.parametrize(("others", "verdict"), [(False, Verdict.KEPT), (True, Verdict.UNTESTED)])
def test_number_that_somebody_else_got_is_not_removed_again(others: bool, verdict: Verdict) -> None:
    server = Counted(others)
    report = verified(model(), server, only=(CONTRACT,))
    assert server.lost == 0
    assert {r.contract.id: r.verdict for r in report.results}[CONTRACT] is verdict


def test_no_probe_of_a_run_removes_what_others_wrote() -> None:
    server = Counted(others=True)
    verified(model(), server, seed=1)
    assert server.lost == 0
