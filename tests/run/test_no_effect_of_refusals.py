"""A list that is read to its end shows what a refused call leaves behind; a part of it shows nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from pgagents.base.http import Request, Response, read_json
from pgagents.catalogue.model.model import Model
from pgagents.report.contract import Verdict
from pgagents.verify.checks.rest.no_effect_of_refusals import MOST_PAGES
from small_api import Notes, answer, verified, with_resource

CREATE = "no_effect_of_refusals/note/create_note@rest"
SHOWN = 50
LONG = SHOWN * MOST_PAGES
"""More than is read: our own notes are behind that."""
LIST = "    http: GET /notes\n    effect: read\n"
PAGED = """    http: GET /notes
    effect: read
    input:
      limit: {type: integer, minimum: 1, maximum: 500, default: 500}
      cursor: {type: string, maxLength: 40, description: Where the page begins}
    pages: {items: response.notes, next: response.next, argument: cursor, size: limit}
"""
OUTPUT = "properties: {notes: {type: array, items: {$ref: Note}}}, required: [notes]"
WITH_NEXT = OUTPUT.replace("}}}", '}}, next: {type: [string, "null"]}}')


def paged() -> Model:
    return with_resource((LIST, PAGED), (OUTPUT, WITH_NEXT))


def by_id(
    notes: Sequence[dict[str, Any]], cursor: str, size: int
) -> tuple[Sequence[dict[str, Any]], str | None]:
    """A cursor names the last item of the page before."""
    left = [note for note in notes if not cursor or number(note) > int(cursor)]
    return left[:size], str(number(left[size - 1])) if len(left) > size else None


def number(note: dict[str, Any]) -> int:
    return int(note["id"][1:])


def served(*, others: int = 0, shown: int = 500) -> Notes:
    """A server with so many notes of others before ours; a page has at most `shown` of them."""

    def odd(notes: Notes, request: Request) -> Response | None:
        if request.method != "GET" or request.path.strip("/") != "notes":
            return None
        query = dict(request.query)
        limit = query.get("limit", "500")
        cursor = query.get("cursor", "")
        if not limit.isdigit() or not 1 <= int(limit) <= 500 or (cursor and not cursor.isdigit()):
            return answer(422, {"detail": "limit or cursor"})
        listed, next = by_id(list(notes.notes.values()), cursor, min(int(limit), shown))
        return answer(200, {"notes": list(listed), "next": next})

    server = Notes(odd=odd)
    for _ in range(others):
        server.make(f"n{next(server._ids)}", "of somebody else")
    return server


def keeping(server: Notes) -> Notes:
    """The server, which keeps an empty note whenever it refuses to make one."""

    def odd(notes: Notes, request: Request) -> Response | None:
        if request.method == "POST" and notes.text(request) is None:
            notes.make(f"n{next(notes._ids)}", "left")
        return listing(notes, request)

    listing, server.odd = server.odd, odd
    return server


@pytest.mark.parametrize(
    ("others", "faulty", "verdict"),
    [
        (0, False, Verdict.KEPT),
        (0, True, Verdict.BROKEN),
        (60, False, Verdict.KEPT),
        (60, True, Verdict.BROKEN),
        (LONG, False, Verdict.UNTESTED),
        (LONG, True, Verdict.UNTESTED),
    ],
)
def test_part_of_a_list_shows_nothing_of_what_a_refusal_leaves(
    others: int, faulty: bool, verdict: Verdict
) -> None:
    """A page shows the oldest notes first, and no law says so."""
    server = served(others=others, shown=SHOWN)
    report = verified(
        paged(),
        keeping(server) if faulty else server,
        allow_writes=True,
        exclusive=True,
        only=("no_effect_of_refusals",),
    )
    found = next(r for r in report.results if r.contract.id == CREATE)
    assert found.verdict is verdict, found.reason
    unseen = found.excused and "go on behind its first page" in found.reason
    assert verdict is not Verdict.UNTESTED or unseen


def test_pages_of_a_list_without_an_order_show_nothing_of_what_a_refusal_leaves() -> None:
    """An older item that comes again on the second page hides another one, which later seems to be new."""
    server = served(others=60, shown=SHOWN)
    listing = server.odd

    def odd(notes: Notes, request: Request) -> Response | None:
        if request.method == "GET" and request.path == "/notes":
            ids = list(notes.notes)
            notes.notes = {id: notes.notes[id] for id in (*ids[7:], *ids[:7])}
        return listing(notes, request)

    server.odd = odd
    only = ("no_effect_of_refusals",)
    report = verified(paged(), server, allow_writes=True, exclusive=True, only=only)
    found = next(r for r in report.results if r.contract.id == CREATE)
    assert (found.verdict, "repeats ids" in found.reason) == (Verdict.UNTESTED, True)


@pytest.mark.parametrize("status", [302, 500])
def test_call_that_was_not_refused_shows_nothing_of_refusals(status: int) -> None:
    """A form of Rails leads back to itself, and a crash is judged by another check."""

    def odd(notes: Notes, request: Request) -> Response | None:
        wrong = request.method == "POST" and notes.text(request) is None
        return answer(status, {"detail": "no"}, Location="/notes/new") if wrong else None

    only = ("no_effect_of_refusals",)
    report = verified(with_resource(), Notes(odd=odd), allow_writes=True, exclusive=True, only=only)
    found = next(r for r in report.results if r.contract.id == CREATE)
    assert (found.verdict, "was not refused" in found.reason) == (Verdict.UNTESTED, True)


CLASH = (
    ("    REFUSED: {", "    CLASH: {status: 402, meaning: It costs too much}\n    REFUSED: {"),
    ("errors: [REFUSED]", "errors: [REFUSED, CLASH]"),
    ("code_at: null", "code_at: code"),
    ("Error: {type: object, properties: {", "Error: {type: object, properties: {code: {type: string}, "),
)
"""The changes by which a create may be refused for another reason than its form."""


@pytest.mark.parametrize(
    ("keeps", "says", "verdict"),
    [
        (False, "", Verdict.KEPT),
        (True, "", Verdict.BROKEN),
        (True, "status: pending", Verdict.BROKEN),
        (True, "status: failed", Verdict.KEPT),
        (True, "its id", Verdict.KEPT),
    ],
)
def test_what_was_refused_with_another_code_is_sent_once_more(
    keeps: bool, says: str, verdict: Verdict
) -> None:
    """A shop kept the order whose card was declined (ror_ecommerce 116). Stripe lists failed charges, and its
    refusal names them.
    """

    def decline(notes: Notes, request: Request) -> Response | None:
        text = notes.text(request) if request.method == "POST" else None
        if text is None or len(text) < 35:
            return None
        id = f"n{next(notes._ids)}"
        if keeps:
            notes.make(id, text)
        if says.startswith("status"):
            notes.notes[id]["status"] = says.partition(": ")[2]
        charge = {"charge": id} if says == "its id" else {}
        return answer(402, {"code": "CLASH", "detail": "declined", **charge})

    only = ("no_effect_of_refusals", "valid_calls")
    model = with_resource(*CLASH)
    report = verified(model, Notes(odd=decline), allow_writes=True, exclusive=True, only=only)
    assert next(r for r in report.results if r.contract.id == CREATE).verdict is verdict


def test_what_a_refused_create_leaves_under_the_id_that_it_chose_is_found() -> None:
    """A name that the call itself gives its instance does not excuse that it is there."""
    chosen = "input: {id: {type: string, maxLength: 40, required: true}, text: {type: string, minLength: 1,"
    model = with_resource(
        ("input: {text: {type: string, minLength: 1,", chosen),
        ("input: {text: hello}", 'input: {id: "=fresh.slug", text: hello}'),
        (LIST, PAGED),
        (OUTPUT, WITH_NEXT),
    )

    def odd(notes: Notes, request: Request) -> Response | None:
        if request.method != "POST":
            return (
                answer(200, {"notes": list(notes.notes.values()), "next": None})
                if request.method == "GET" and request.path == "/notes"
                else None
            )
        given = read_json(request.body).value
        if not isinstance(given, dict) or not isinstance(given.get("id"), str):
            return answer(422, {"detail": "id"})
        made = notes.make(given["id"], notes.text(request) or "left")
        wrong = notes.text(request) is None or len(given["id"]) > 40
        return answer(422, {"detail": "wrong"}) if wrong else made

    report = verified(model, Notes(odd=odd), allow_writes=True, exclusive=True, only=(CREATE,))
    assert next(r.verdict for r in report.results if r.contract.id == CREATE) is Verdict.BROKEN
