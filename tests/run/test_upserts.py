"""A second PUT replaces what the first made; what nobody sees of it proves nothing."""

from __future__ import annotations

import pytest

from pgagents.base.http import Request, Response, read_json
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


@pytest.mark.parametrize(
    ("status", "same", "verdict"),
    [(422, True, "untested"), (422, False, "broken"), (428, False, "untested"), (502, False, "untested")],
)
def test_a_second_put_may_be_refused_for_its_values_for_want_of_a_condition_or_by_a_gateway(
    status: int, same: bool, verdict: str
) -> None:
    """As a `location` of Azure cannot be changed."""

    def put(notes: Notes, request: Request) -> Response | None:
        id, text = request.path.split("/")[-1], notes.text(request)
        if request.method != "PUT" or text is None:
            return None
        if id not in notes.notes:
            return notes.make(id, text)
        as_before = same and notes.notes[id]["text"] == text
        return answer(200, notes.notes[id]) if as_before else answer(status, {"detail": "no"})

    report = verified(with_resource(*PUT), Notes(odd=put), allow_writes=True, only=("upserts/",))
    found = {r.contract.id.split("/")[1]: r.verdict.value for r in report.results}
    assert found["again"] == verdict


def test_a_default_may_be_shown_in_another_zone() -> None:
    moment = "{type: string, format: date-time, default: '2030-01-01T00:00:00Z'}"
    member = f"at: {moment}"
    model = with_resource(
        *PUT[:1],
        (PUT[1][0], f"{PUT[1][1][:-1]}, {member}}}"),
        *PUT[2:],
        (
            "    properties: {id: {type: string}, text: {type: string}}",
            f"    properties: {{id: {{type: string}}, text: {{type: string}}, {member}}}",
        ),
    )

    def put(notes: Notes, request: Request) -> Response | None:
        id, text = request.path.split("/")[-1], notes.text(request)
        if request.method != "PUT" or text is None:
            return None
        at = read_json(request.body).value.get("at", "2030-01-01T00:00:00+00:00")
        status = 200 if id in notes.notes else 201
        notes.notes[id] = {"id": id, "text": text, "at": at}
        return answer(status, notes.notes[id])

    report = verified(model, Notes(odd=put), allow_writes=True, only=("upserts/defaults",))
    (found,) = (r for r in report.results if r.contract.id.startswith("upserts/defaults"))
    assert found.verdict.value == "kept"
