"""Pages of a list that is promised to be stable, while items are removed and added between two of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from pgagents.base.http import Request, Response
from pgagents.catalogue.model.model import Model
from pgagents.report.contract import Verdict
from pgagents.verify.checks.rest.page_stability import MOST_PAGES
from small_api import Notes, answer, verified, with_resource

CONTRACT = "page_stability/list_notes@rest"
LIST = "    http: GET /notes\n    effect: read\n"
PAGED = """    http: GET /notes
    effect: read
    input:
      limit: {type: integer, minimum: 1, maximum: 500, default: 500}
      cursor: {type: string, maxLength: 40, description: Where the page begins}
    pages: {items: response.notes, next: response.next, argument: cursor, size: limit, stable: true}
"""
OUTPUT = "properties: {notes: {type: array, items: {$ref: Note}}}, required: [notes]"
WITH_NEXT = OUTPUT.replace("}}}", '}}, next: {type: [string, "null"]}}')
REMOVED = "    undone_by: {action: delete_note, input: {note_id: =resource.id}}\n"
Pages = Callable[[Sequence[dict[str, Any]], str, int], tuple[Sequence[dict[str, Any]], str | None]]


def paged(*changes: tuple[str, str]) -> Model:
    return with_resource((LIST, PAGED), (OUTPUT, WITH_NEXT), *changes)


def by_number(notes: Sequence[dict[str, Any]], cursor: str, size: int) -> Any:
    """The fault: a cursor counts the items before it, which a removal or an addition shifts."""
    start = int(cursor or 0)
    return notes[start : start + size], str(start + size) if start + size < len(notes) else None


def by_id(notes: Sequence[dict[str, Any]], cursor: str, size: int) -> Any:
    """Right: a cursor names the last item of the page before, by an id that only grows or only falls."""
    falling = len(notes) > 1 and number(notes[0]) > number(notes[1])
    left = [
        note
        for note in notes
        if not cursor or (number(note) < int(cursor) if falling else number(note) > int(cursor))
    ]
    return left[:size], str(number(left[size - 1])) if len(left) > size else None


def by_kept_id(notes: Sequence[dict[str, Any]], cursor: str, size: int) -> Any:
    """Right: a cursor names the last item of the page before, which has to be there still."""
    ids = [number(note) for note in notes]
    start = ids.index(int(cursor)) + 1 if cursor else 0
    more = notes[start : start + size]
    return more, str(number(more[-1])) if start + size < len(notes) else None


def number(note: dict[str, Any]) -> int:
    return int(note["id"][1:])


def served(pages: Pages, *, newest_first: bool = False, others: int = 0, shown: int = 500) -> Notes:
    """A server with so many notes of others behind ours; a page has at most `shown` of them."""

    def odd(notes: Notes, request: Request) -> Response | None:
        if request.method != "GET" or request.path.strip("/") != "notes":
            return None
        query = dict(request.query)
        limit = query.get("limit", "500")
        cursor = query.get("cursor", "")
        if not limit.isdigit() or not 1 <= int(limit) <= 500 or (cursor and not cursor.isdigit()):
            return answer(422, {"detail": "limit or cursor"})
        every = list(notes.notes.values())
        listed, next = pages(every[::-1] if newest_first else every, cursor, min(int(limit), shown))
        return answer(200, {"notes": list(listed), "next": next})

    server = Notes(odd=odd)
    for _ in range(others):
        server.make(f"n{next(server._ids)}", "of somebody else")
    return server


def verdict_of(model: Model, server: Notes) -> tuple[Verdict, str, str]:
    report = verified(model, server, allow_writes=True, only=("page_stability",))
    found = next(r for r in report.results if r.contract.id == CONTRACT)
    said = " ".join(f.actual for f in report.findings if f.contract.id == CONTRACT)
    return found.verdict, found.reason, said


@pytest.mark.parametrize("newest_first", [False, True])
@pytest.mark.parametrize("removed", [True, False])
def test_cursor_that_names_an_item_is_kept(newest_first: bool, removed: bool) -> None:
    model = paged() if removed else paged((REMOVED, ""))
    verdict, reason, said = verdict_of(model, served(by_id, newest_first=newest_first))
    expected = Verdict.KEPT if removed or newest_first else Verdict.UNTESTED
    assert verdict is expected, reason + said


def test_item_that_the_cursor_names_is_not_the_one_that_is_removed() -> None:
    verdict, reason, said = verdict_of(paged(), served(by_kept_id))
    assert verdict is Verdict.KEPT, reason + said


def test_item_behind_a_removed_one_is_on_no_page() -> None:
    verdict, reason, said = verdict_of(paged(), served(by_number))
    assert verdict is Verdict.BROKEN, reason
    assert "1 on no page, such as id n" in said


def test_item_that_an_added_one_moves_is_on_two_pages() -> None:
    """Nothing can be removed here, so that the run adds an item before the first page."""
    verdict, reason, said = verdict_of(paged((REMOVED, "")), served(by_number, newest_first=True))
    assert verdict is Verdict.BROKEN, reason
    assert "is on the first page and on a later one" in said


def test_list_with_more_pages_than_are_read_is_judged_as_far_as_they_go() -> None:
    server = served(by_id, newest_first=True, others=400)
    verdict, reason, said = verdict_of(paged(), server)
    assert verdict is Verdict.KEPT, reason + said
    asked = [r for r in server.log if dict(r.query).get("cursor")]
    assert len(asked) >= MOST_PAGES, "it did not come to the last page that it reads"
    assert verdict_of(paged(), served(by_number, newest_first=True, others=400))[0] is Verdict.BROKEN
