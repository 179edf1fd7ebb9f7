"""No two rows have the same value, on servers that are right in ways which a hasty reader takes for wrong."""

from __future__ import annotations

from datetime import datetime

import pytest

from pgagents.base.http import Request, Response, read_json
from pgagents.catalogue.model.model import Model
from small_api import KNOWN, Notes, answer, verified, with_resource

NO_TWO = ("absent: no-such-note", "absent: no-such-note\n    unique: [{members: [%s], otherwise: REFUSED}]")
SENT = "    input: {text: {type: string, minLength: 1, maxLength: 40, required: true}}"
SHOWN = "    properties: {id: {type: string}, text: {type: string}}"
MADE = "made_by: {action: create_note, input: {text: hello}, at: response}"


def no_two(member: str) -> tuple[str, str]:
    """Return the change by which no two notes have the same value of a member."""
    return NO_TWO[0], NO_TWO[1] % member


def judge(model: Model, server: Notes) -> dict[str, str]:
    """Return the verdict on each contract of the check, by what its id has before the resource."""
    report = verified(model, server, allow_writes=True, exclusive=True, only=("uniqueness/",))
    verdicts = {r.contract.id: r.verdict.value for r in report.results if r.contract.check == "uniqueness"}
    return {id.removeprefix("uniqueness/").partition("note/")[0].strip("/"): v for id, v in verdicts.items()}


def test_a_text_of_a_removal_that_only_began_may_be_taken_still() -> None:
    taken = set[str]()

    def once(notes: Notes, request: Request) -> Response | None:
        if request.method == "DELETE" and (note := notes.notes.pop(request.path.split("/")[-1], None)):
            taken.add(note["text"])  # until the work is done
            return Response(202)
        texts = {note["text"] for note in notes.notes.values()} | taken
        if request.method == "POST" and notes.text(request) in texts:
            return answer(422, {"detail": "taken"})
        return None

    model = with_resource(no_two("text"), ("output: {204: {}}", "output: {202: {}}"))
    verdicts = judge(model, Notes(odd=once))
    assert verdicts[""] == "kept"
    assert verdicts["freed"] == "untested"


def test_a_null_that_several_rows_have_is_not_taken() -> None:
    """Several rows may have no code, as in SQL."""

    def coded(notes: Notes, request: Request) -> Response | None:
        body = read_json(request.body).value
        if request.method != "POST" or notes.text(request) is None:
            return None
        assert isinstance(body, dict)
        made = notes.make(f"n{next(notes._ids)}", body["text"])
        [*notes.notes.values()][-1]["code"] = body.get("code")
        return answer(made.status, [*notes.notes.values()][-1])

    code = "code: {type: [string, 'null'], maxLength: 40}"
    model = with_resource(
        no_two("code"), (SENT, f"{SENT[:-1]}, {code}}}"), (SHOWN, f"{SHOWN[:-1]}, {code}}}")
    )
    assert judge(model, Notes(odd=coded))[""] == "untested"


CLASH = (
    ("    REFUSED: {", "    CLASH: {status: 409, meaning: It is taken}\n    REFUSED: {"),
    ("errors: [REFUSED]", "errors: [REFUSED, CLASH]"),
    ("otherwise: REFUSED", "otherwise: CLASH"),
)
"""The changes by which a time that is taken has a code of its own."""


def booked_model(starts_at: str, ends_at: str, *more: tuple[str, str]) -> Model:
    """Notes of which no two of one text overlap."""
    moments = "".join(
        f", {name}: {{type: string, format: date-time, required: true}}" for name in ("starts_at", "ends_at")
    )
    once = (NO_TWO[0], (NO_TWO[1] % "text").replace("[text],", "[text], overlaps: [starts_at, ends_at],"))
    made = MADE.replace("hello", f"hello, starts_at: {starts_at}, ends_at: {ends_at}")
    return with_resource(once, (SENT, f"{SENT[:-1]}{moments}}}"), (MADE, made), *more)


def booking(*, hours: bool = False) -> Notes:
    """Return a right server of such notes, which begin at whole `hours` alone."""
    times = dict[str, list[tuple[datetime, datetime]]]()

    def booked(notes: Notes, request: Request) -> Response | None:
        body = read_json(request.body).value
        if request.method != "POST" or notes.text(request) is None:
            return None
        assert isinstance(body, dict)
        try:
            begins, ends = (datetime.fromisoformat(body[name]) for name in ("starts_at", "ends_at"))
        except (KeyError, TypeError, ValueError):
            return answer(422, {"detail": "a time"})
        if hours and begins.minute:
            return answer(422, {"detail": "not a slot"})
        taken = times.setdefault(body["text"], [])
        if any(begins < end and start < ends for start, end in taken):
            return answer(409 if hours else 422, {"detail": "taken"})
        taken.append((begins, ends))
        return None

    return Notes(odd=booked)


def test_a_time_with_a_fraction_of_a_second_ends_when_it_ends() -> None:
    verdicts = judge(booked_model('"2031-05-06T09:00:00Z"', '"2031-05-06T10:00:00.500Z"'), booking())
    assert verdicts["overlap"] == "kept"
    assert verdicts["next"] == "kept"


def test_what_begins_at_slots_alone_may_be_refused_for_that() -> None:
    model = booked_model('"2031-05-06T09:00:00Z"', '"2031-05-06T10:00:00Z"', *CLASH)
    verdicts = judge(model, booking(hours=True))
    assert (verdicts["overlap"], verdicts["next"]) == ("untested", "kept")


def test_two_calls_at_once_for_a_time_are_for_the_same_time() -> None:
    model = booked_model("=fresh.value", "=fresh.value")
    report = verified(model, booking(), allow_writes=True, exclusive=True, only=("concurrent_calls/unique",))
    assert [r.verdict.value for r in report.results if r.contract.check == "concurrent_calls"] == ["kept"]


def test_a_time_without_an_end_leaves_no_later_one() -> None:
    """9999-12-31 stands for no end, as in periods of SQL Server; no year follows it."""
    model = booked_model('"2031-05-06T09:00:00Z"', '"9999-12-31T23:59:59Z"')
    report = verified(model, Notes(), allow_writes=True, exclusive=True, only=("uniqueness/",))
    (found,) = (r for r in report.results if "/next/" in r.contract.id)
    assert found.reason.startswith("no time is so long after 9999-12-31")


def test_a_first_one_that_is_only_accepted_takes_no_value_yet() -> None:
    def later(notes: Notes, request: Request) -> Response | None:
        text = notes.text(request) if request.method == "POST" else None
        return answer(202, {"id": f"n{next(notes._ids)}", "text": text}) if text is not None else None

    model = with_resource(no_two("text"), ("output: {201: {$ref: Note}}", "output: {202: {$ref: Note}}"))
    assert judge(model, Notes(odd=later))[""] == "untested"


def test_a_value_that_answers_mask_is_sent_as_it_was() -> None:
    """As a bank account's number, of which an answer has the last two digits."""
    taken = dict[str, str]()

    def mask(notes: Notes, request: Request) -> Response | None:
        if request.method == "DELETE":
            taken.pop(request.path.split("/")[-1], None)
        if request.method != "POST" or (text := notes.text(request)) is None:
            return None
        if text in taken.values():
            return answer(422, {"detail": "taken"})
        id = f"n{next(notes._ids)}"
        taken[id] = text
        return notes.make(id, f"***{text[-2:]}")

    assert judge(with_resource(no_two("text")), Notes(odd=mask))[""] == "kept"


def test_rows_that_are_only_hidden_keep_their_values() -> None:
    """As those of Laravel's `SoftDeletes` do; nobody wrote what holds."""
    taken = set[str]()

    def hide(notes: Notes, request: Request) -> Response | None:
        text = notes.text(request) if request.method == "POST" else None
        if text is not None and text in taken:
            return answer(422, {"detail": "taken"})
        taken.update([text] if text is not None else [])
        return None

    assert judge(with_resource(no_two("text")), Notes(odd=hide)) == {
        "": "kept",
        "freed": "odd",
        "own": "kept",
    }


INFERRED = (
    ("    NOT_FOUND: {status", "    TAKEN: {status: 409, meaning: Taken}\n    NOT_FOUND: {status"),
    (
        "output: {201: {$ref: Note}}\n    errors: [REFUSED]",
        "output: {201: {$ref: Note}}\n    errors: [REFUSED, TAKEN]",
    ),
    (KNOWN.splitlines()[2], f"{KNOWN.splitlines()[2]}\n    inferred: true"),
    ("input: {text: hello}", "input: {text: =fresh.text}"),
)


@pytest.mark.parametrize(
    ("minds", "hides", "status", "verdict"),
    [
        (("POST",), False, 409, "odd"),
        (("POST", "PUT"), False, 409, "kept"),
        ((), False, 409, "kept"),
        (("POST",), True, 409, "kept"),  # nothing shows that the text is what was refused
        (("POST",), False, 422, "kept"),  # nor does another refusal than that of a conflict
    ],
)
def test_a_text_that_no_create_may_repeat_is_not_taken_over(
    minds: tuple[str, ...], hides: bool, status: int, verdict: str
) -> None:
    """A music school, a depot and a sports office of 2026-11-29 asked at creates alone if a text is free."""
    hidden = set[str]()

    def once(notes: Notes, request: Request) -> Response | None:
        text, id = notes.text(request), request.path.split("/")[-1]
        if request.method == "DELETE" and hides and id in notes.notes:
            hidden.add(notes.notes[id]["text"])
        others = {note["text"] for note in notes.notes.values() if note["id"] != id} | hidden
        if request.method in minds and text in others:
            return answer(status, {"detail": "taken"})
        return None

    assert judge(with_resource(*INFERRED), Notes(odd=once)) == {"change": verdict}


def test_a_text_of_a_part_is_not_one_of_the_whole() -> None:
    cover = ("http: PUT /notes/{note_id}\n", "http: PUT /notes/{note_id}/cover\n")
    assert judge(with_resource(*INFERRED, cover), Notes()) == {}
