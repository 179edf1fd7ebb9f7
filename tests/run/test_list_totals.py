"""A total beside a list is the number of its items; legal habits of totals alarm nobody."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

import pytest

from pgagents.base.http import Request, Response
from pgagents.report.contract import Verdict
from pgagents.report.report import Result
from small_api import NOTES, Notes, answer, catalogue, verified

HEAD = "    http: GET /notes\n    effect: read\n"
PLAIN = "notes: {type: array, items: {$ref: Note}}"
OUTPUT = "    output: {{200: {{type: object, properties: {{{}}}, required: [notes]}}}}\n"
PAGES = (
    "    input: {limit: {type: integer, minimum: 1, maximum: 9, default: 5},"
    " offset: {type: integer, minimum: 0, default: 0}}\n"
    "    pages: {items: response.notes, next: input.offset + size(response.notes),"
    " argument: offset, size: limit}\n"
)
FILTER = PAGES.replace("input: {", "input: {open: {type: boolean, default: true}, ")
Count = Callable[[int, int, int], int]
"""Gives the stated total from the number of all items, of the page's, and the number of earlier answers."""


def find(
    count: Count,
    *,
    rows: int = 4,
    name: str = "total",
    further: str = PAGES,
    says: str = "How many",
    to: int = 99,
    filters: bool = False,
    counts_all: bool = False,
    counts_rest: bool = False,
) -> list[Result]:
    """Verify this check alone against a list of `rows` items; `to` is the longest list that is answered.

    With `filters` the list shows only rows of a `text`, and `counts_all` says if its total has the others.
    With `counts_rest` it has only what follows the offset.
    """
    members = f"{PLAIN}, {name}: {{type: integer, description: '{says}'}}"
    of = catalogue(NOTES, (HEAD + OUTPUT.format(PLAIN), HEAD + further + OUTPUT.format(members)))
    every = [{"id": f"n{number}", "text": f"Note {number}"} for number in range(rows)]
    asked: list[int] = []

    def odd(server: Notes, request: Request) -> Response | None:
        del server
        if request.method != "GET" or request.path != "/notes":
            return None
        given = dict(parse_qsl(request.target.partition("?")[2]))
        first = int(given.get("offset", 0))
        shown = [row for row in every if not filters or given.get("text", row["text"]) == row["text"]]
        page = shown[first : first + int(given.get("limit", to))]
        asked.append(len(page))
        counted = rows if counts_all else len(shown) - first if counts_rest else len(shown)
        body: dict[str, Any] = {"notes": page, name: count(counted, len(page), len(asked))}
        return answer(200, body)

    report = verified(of, Notes(odd=odd), only=("list_totals",))
    return [result for result in report.results if result.contract.check == "list_totals"]


def right(every: int, page: int, turn: int) -> int:
    del page, turn
    return every


WRONG: dict[str, Count] = {
    "of the page": lambda _every, page, _turn: page,
    "one too many": lambda every, _page, _turn: every + 1,
    "one too few": lambda every, _page, _turn: every - 1,
    "none": lambda _every, _page, _turn: 0,
}


@pytest.mark.parametrize("count", WRONG.values(), ids=WRONG)
def test_a_total_that_does_not_fit_is_odd(count: Count) -> None:
    (result,) = find(count)
    assert result.verdict is Verdict.ODD


@pytest.mark.parametrize("further", [PAGES, FILTER], ids=["all", "filtered"])
def test_a_total_below_the_items_of_two_pages_is_odd(further: str) -> None:
    (result,) = find(WRONG["one too few"], rows=12, further=further)
    assert result.verdict is Verdict.ODD


def test_a_total_that_counts_from_the_offset_is_odd() -> None:
    """As in an Express app of 2026-12-01, all of whose rows were on its largest page."""
    more = "more: 'input.offset + size(response.notes) < response.total', argument:"
    (result,) = find(right, counts_rest=True, further=PAGES.replace("argument:", more))
    assert result.verdict is Verdict.ODD


TEXTS = PAGES.replace("input: {", "input: {text: {type: string}, ")


SORTED = TEXTS.replace("input: {", "input: {sort: {type: string, enum: [id, text], default: id}, ")


@pytest.mark.parametrize("further", [TEXTS, SORTED], ids=["plain", "with an order"])
@pytest.mark.parametrize(("counts_all", "verdict"), [(False, Verdict.KEPT), (True, Verdict.ODD)])
def test_a_total_without_the_filter_of_its_list_is_odd(
    further: str, counts_all: bool, verdict: Verdict
) -> None:
    """As in a book of recipes of 2026-11-28, which counted all where it showed those of a cuisine.

    A default that leaves nothing out of the whole list leaves nothing out of a part of it.
    """
    (result,) = find(right, further=further, filters=True, counts_all=counts_all)
    assert result.verdict is verdict


@pytest.mark.parametrize("rows", [2, 4, 12])
def test_a_total_that_fits_is_kept(rows: int) -> None:
    (result,) = find(right, rows=rows)
    assert result.verdict is Verdict.KEPT


def test_a_total_of_a_list_without_pages_is_kept() -> None:
    (result,) = find(right, name="item_count", further="")
    assert result.verdict is Verdict.KEPT


def test_a_total_that_comes_late_is_no_finding() -> None:
    (result,) = find(lambda every, _page, turn: every - (turn < 3))
    assert result.verdict is Verdict.KEPT


@pytest.mark.parametrize("name", ["count", "result_count"])
def test_a_count_may_be_that_of_the_page(name: str) -> None:
    """As `result_count` in X's API v2 is."""
    (result,) = find(WRONG["of the page"], name=name)
    assert result.verdict is Verdict.NOT_APPLICABLE
    (result,) = find(WRONG["one too many"], name=name)
    assert result.verdict is Verdict.ODD


def test_an_argument_with_a_default_may_filter_what_the_total_counts() -> None:
    (result,) = find(WRONG["one too many"], further=FILTER)
    assert result.verdict is Verdict.KEPT
    (result,) = find(WRONG["one too few"], further=FILTER)
    assert result.verdict is Verdict.ODD


@pytest.mark.parametrize("rows", [0, 1])
def test_a_short_list_shows_nothing(rows: int) -> None:
    (result,) = find(right, rows=rows)
    assert result.verdict is Verdict.UNTESTED
    assert result.excused


def test_no_run_owes_a_verdict_on_a_total_of_which_nobody_wrote() -> None:
    (result,) = find(lambda every, _page, turn: every + turn)
    assert result.verdict is Verdict.UNTESTED
    assert result.excused


def test_a_list_longer_than_is_read_says_so_also_after_its_total_changed() -> None:
    (result,) = find(lambda every, _page, turn: every - (turn < 3), rows=120)
    assert result.verdict is Verdict.UNTESTED
    assert result.reason == "the list has more items than were read (45)"
    assert result.excused


def test_a_list_that_fills_a_page_of_unknown_length_may_go_on() -> None:
    (result,) = find(lambda *_: 40, rows=20, name="total_count", further="")
    assert result.verdict is Verdict.UNTESTED


@pytest.mark.parametrize(
    ("name", "says", "further"),
    [("total", "How many", ""), ("total", "An estimate", PAGES), ("total_price", "How many", PAGES)],
    ids=["a price of a list without pages", "an estimate", "another name"],
)
def test_other_numbers_are_not_taken_for_totals(name: str, says: str, further: str) -> None:
    assert find(WRONG["one too many"], name=name, says=says, further=further) == []
