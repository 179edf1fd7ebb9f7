"""A list that cannot be read again, that others change, or that has no order, accuses nobody."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

import pytest

import small_api
from pgagents.base.http import Request, Response
from pgagents.catalogue.model.model import Model
from small_api import NOTES, Notes, answer, catalogue, verified, with_resource

LISTING = (
    "    output: "
    "{200: {type: object, properties: {notes: {type: array, items: {$ref: Note}}}, required: [notes]}}"
)
PAGED = (
    LISTING,
    """    input:
      cursor: {type: string}
      limit: {type: integer, minimum: 1, maximum: 50, default: 20}
      sort: {type: string, enum: [id, random], default: id}
    pages: {items: response.notes, next: response.next, argument: cursor, size: limit}
"""
    + LISTING.replace("Note}}}", "Note}}, next: {type: [string, 'null']}}"),
)
Rows = list[dict[str, Any]]


def listing(
    show: Callable[[Rows, dict[str, str]], Rows],
    fails: Callable[[int], bool] = lambda _: False,
    number: int = 4,
) -> Notes:
    """Return a server of so many notes. Of its rows, a list has what `show` returns; its `fails` reads of
    the whole list fail.
    """
    reads = [0]

    def odd(notes: Notes, request: Request) -> Response | None:
        if (request.method, request.path) != ("GET", "/notes"):
            return None
        given = dict(parse_qsl(request.target.partition("?")[2]))
        rows, size, start = (
            list(notes.notes.values()),
            int(given.get("limit", 20)),
            int(given.get("cursor", 0)),
        )
        if size == 50:
            reads[0] += 1
            if fails(reads[0]):
                return answer(500, {"detail": "too much to do"})
        page, end = show(rows, given)[start : start + size], start + size
        return answer(200, {"notes": page, "next": str(end) if end < len(rows) else None})

    server = Notes(odd=odd)
    for each in range(number):
        server.make(f"old-{each}", f"note {each}")
    return server


def judge(server: Notes, model: Model | None = None, *, exclusive: bool = True) -> tuple[str, str]:
    found = verified(
        model or with_resource(PAGED), server, allow_writes=True, exclusive=exclusive, only=("pagination/",)
    )
    (result,) = (r for r in found.results if r.contract.check == "pagination")
    return result.verdict.value, result.reason


@pytest.mark.parametrize("fails", [False, True])
def test_items_that_are_lost_are_looked_for_in_the_whole_list_again(fails: bool) -> None:
    def lose(rows: Rows, given: dict[str, str]) -> Rows:
        return rows if given.get("limit") == "50" else rows[:-1]

    verdict, reason = judge(listing(lose, lambda read: fails and read > 1))
    assert (verdict, "again was answered 500" in reason) == ("untested" if fails else "broken", fails)


def test_what_others_change_comes_twice_by_a_cursor_of_times(monkeypatch: pytest.MonkeyPatch) -> None:
    """The latest change comes first."""
    monkeypatch.setattr(small_api, "URL", "https://api.example.com")
    server = listing(lambda rows, _: rows)
    read = server.odd

    def change(notes: Notes, request: Request) -> Response | None:
        if request.method == "GET" and "cursor" in request.target:
            *others, last = notes.notes
            notes.notes = {id: notes.notes[id] for id in (last, *others)}
        return read(notes, request)

    server.odd = change
    assert judge(server, exclusive=False)[1] == "others changed the list meanwhile"


def test_a_random_order_is_another_one_on_each_page() -> None:
    shuffled = random.Random(2)

    def shuffle(rows: Rows, given: dict[str, str]) -> Rows:
        return shuffled.sample(rows, len(rows)) if given.get("sort") == "random" else rows

    assert {judge(listing(shuffle, number=3))[0] for _ in range(12)} == {"kept"}


def test_ids_may_be_objects() -> None:
    """As in MongoDB's extended JSON."""
    server = listing(lambda rows, _: [{"id": {"$oid": row["id"]}} for row in rows])
    item = "{type: object, properties: {id: {type: object}}, required: [id]}"
    model = catalogue(NOTES, (PAGED[0], PAGED[1].replace("{$ref: Note}", item)))
    assert judge(server, model)[0] == "kept"


def test_one_page_that_holds_the_whole_list_shows_nothing_of_pages() -> None:
    """The smallest page that may be requested has ten items."""
    paged = (PAGED[0], PAGED[1].replace("minimum: 1,", "minimum: 10,"))
    assert judge(listing(lambda rows, _: rows), with_resource(paged)) == (
        "untested",
        "the whole list came on one page",
    )
