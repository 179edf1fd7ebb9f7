"""A PUT that is accepted for later (202) has not replaced anything yet."""

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
