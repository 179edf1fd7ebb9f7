"""A move that is only accepted, a state that nobody read, and time that goes on, are not taken for more."""

from __future__ import annotations

import pytest

from pgagents.base.http import Request, Response
from pgagents.catalogue.model.model import Model
from small_api import Notes, answer, verified, with_resource

SHOWN = "    properties: {id: {type: string}, text: {type: string}}"
STATES = ", state: {type: string, enum: [open, done, late]}, due: {type: string, format: date-time}}"
CONTRACT = "state_transitions/note/open/close_note@rest"


ONCE = "from: [open], to: done, otherwise: CLOSED"
ALWAYS = "from: [open, done, late], to: done"


def closing(answered: str, move: str = ONCE) -> Model:
    """Return a catalogue of notes that are closed, or late at the time `due`."""
    return with_resource(
        (SHOWN, f"{SHOWN[:-1]}{STATES}"),
        (
            "    REFUSED: {status: 422",
            "    CLOSED: {status: 409, meaning: Not in this state}\n    REFUSED: {status: 422",
        ),
        (
            "  delete_note:\n",
            f"""  close_note:
    title: Close a note
    description: Closes a note.
    http: POST /notes/{{note_id}}/close
    effect: write
    input: {{note_id: {{type: string, minLength: 1, maxLength: 40, required: true, refers_to: note}}}}
    output: {answered}
    errors: [NOT_FOUND, CLOSED]
  delete_note:
""",
        ),
        (
            "absent: no-such-note",
            f"""absent: no-such-note
    state: state
    states: [open, done, late]
    initial: open
    moves: {{close_note: {{{move}, input: {{note_id: =resource.id}}}}}}
    moves_by_time: [{{from: open, to: late, at: due}}, {{from: done, to: late, at: due}}]""",
        ),
    )


def judge(
    status: int, *, to: str, told: bool = True, fails: bool = False, move: str = ONCE
) -> tuple[str, str]:
    """Return the verdict on a server whose notes have this state after they are closed."""

    def closed(notes: Notes, request: Request) -> Response | None:
        parts = request.path.strip("/").split("/")
        for note in notes.notes.values():
            note.setdefault("state", "open")
        note = notes.notes.get(parts[1], {}) if len(parts) > 1 else {}
        if notes.key(request) and parts[2:] == ["close"] and request.method == "POST":
            if not note:
                return answer(404, {"detail": "no such note"})
            if note["state"] != "open":
                return answer(409, {"detail": "closed"})
            note["state"] = to
            return answer(status, note) if told else Response(status)
        read = request.method == "GET" and note.get("state", "open") != "open"
        return answer(500, {"detail": "no"}) if read and fails else None

    model = closing(f"{{{status}: {{$ref: Note}}}}" if told else f"{{{status}: {{}}}}", move)
    report = verified(model, Notes(before=closed), allow_writes=True, only=("state_transitions/",))
    found = next(r for r in report.results if r.contract.id == CONTRACT)
    return found.verdict.value, found.reason


@pytest.mark.parametrize(("status", "verdict"), [(202, "untested"), (200, "broken")])
def test_what_is_only_accepted_may_come_later(status: int, verdict: str) -> None:
    assert judge(status, to="open")[0] == verdict


def test_time_may_have_moved_it_on() -> None:
    assert judge(200, to="late")[0] == "kept"


def test_a_state_that_could_not_be_read_is_not_kept() -> None:
    assert judge(204, to="done", told=False, fails=True)[0] == "untested"


def test_a_move_from_every_state_needs_no_code_and_is_held() -> None:
    assert judge(200, to="done", move=ALWAYS)[0] == "kept"
    assert judge(200, to="open", move=ALWAYS)[0] == "broken"
