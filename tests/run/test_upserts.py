"""A second PUT replaces what the first made; what nobody sees of it proves nothing."""

from __future__ import annotations

import pytest

from pgagents.base.http import Request, Response
from small_api import Notes, answer, verified, with_resource

TEXT = "{type: string, minLength: 1, maxLength: 40, required: true}"
PUT = (
    ("    http: POST /notes\n", "    http: PUT /notes/{note_id}\n"),
    (
        f"    input: {{text: {TEXT}}}",
        f"    input: {{note_id: {TEXT[:-1]}, refers_to: note}}, text: {TEXT}}}",
    ),
    (
        "    output: {201: {$ref: Note}}",
        "    output: {201: {$ref: Note}, 200: {$ref: Note}, 202: {$ref: Note}}",
    ),
    ("input: {text: hello}", "input: {note_id: =fresh.slug, text: hello}"),
    (
        "    http: PUT /notes/{note_id}\n    effect: write\n    input:\n",
        "    http: PATCH /notes/{note_id}\n    effect: write\n    input:\n",
    ),
)


@pytest.mark.parametrize(("status", "verdict"), [(202, "untested"), (200, "broken")])
def test_a_second_put_that_is_done_later_accuses_nobody(status: int, verdict: str) -> None:
    def put(notes: Notes, request: Request) -> Response | None:
        id, text = request.path.split("/")[-1], notes.text(request)
        if request.method != "PUT" or text is None:
            return None
        # the new text of one that is there comes later
        return answer(status, {"id": id, "text": text}) if id in notes.notes else notes.make(id, text)

    report = verified(with_resource(*PUT), Notes(odd=put), allow_writes=True, only=("upserts/",))
    verdicts = {r.contract.id: r.verdict.value for r in report.results}
    assert verdicts["upserts/again/note/create_note@rest"] == verdict


def test_a_second_put_of_which_nothing_shows_keeps_nothing() -> None:
    """Its only member is unique, so no other value is sent, and the list lacks what was put."""

    def put(notes: Notes, request: Request) -> Response | None:
        if request.method == "GET" and request.path == "/notes":
            return answer(200, {"notes": []})
        id, text = request.path.split("/")[-1], notes.text(request)
        if request.method != "PUT" or text is None:
            return None
        return answer(200, notes.notes[id]) if id in notes.notes else notes.make(id, text)

    lone = (
        "absent: no-such-note",
        "absent: no-such-note\n    unique: [{members: [text], otherwise: REFUSED}]",
    )
    report = verified(with_resource(*PUT, lone), Notes(odd=put), allow_writes=True, only=("upserts/",))
    found = {r.contract.id.split("/")[1]: r for r in report.results if r.contract.check == "upserts"}
    assert {name: (r.verdict.value, r.excused) for name, r in found.items()} == {
        "again": ("untested", True),
        "once": ("untested", True),
    }
