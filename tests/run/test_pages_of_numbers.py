"""Lists whose answer names the number of the next page, and URLs of pages that repeat the arguments."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from pgagents.base.http import Request, Response
from pgagents.report.contract import Verdict
from pgagents.verify.lists import next_page
from pgagents.verify.setting import setting_of
from small_api import NOTES, URL, Notes, answer, catalogue, verified, with_resource

SCHEMA = "{type: object, properties: {notes: {type: array, items: {$ref: Note}}}, required: [notes]}"
LISTED = f"output: {{200: {SCHEMA}}}"
NUMBERED = """input:
      page: {type: integer, minimum: 1, default: 1}
      per_page: {type: integer, minimum: 1, maximum: 20, default: 20}
    pages: {items: response.notes, next: response.next_page, argument: page, size: per_page}
    output:
      200:
        type: object
        properties: {notes: {type: array, items: {$ref: Note}}, next_page: {type: [integer, "null"]}}
        required: [notes, next_page]
    errors: [REFUSED]"""
CONTRACT = "pagination/list_notes@rest"


def page_of(notes: Notes, request: Request, *, shifted: int = 0) -> Response | None:
    """Answer a page of the list, whose items begin at the page's number times its size."""
    if request.method != "GET" or request.path != "/notes":
        return None
    given = dict(parse_qsl(urlsplit(request.target).query))
    try:
        page, size = int(given.get("page", 1)), int(given.get("per_page", 20))
    except ValueError:
        return answer(422, {"detail": "a number"})
    if page < 1 or not 1 <= size <= 20 or given.keys() - {"page", "per_page"}:
        return answer(422, {"detail": "a page"})
    begin = max(0, (page - 1) * size - (shifted if page > 1 else 0))
    every = list(notes.notes.values())
    more = page + 1 if begin + size < len(every) else None
    return answer(200, {"notes": every[begin : begin + size], "next_page": more})


@pytest.mark.parametrize(("shifted", "verdict"), [(0, Verdict.KEPT), (1, Verdict.BROKEN)])
def test_pages_that_the_answer_numbers_are_read_with_one_size(shifted: int, verdict: Verdict) -> None:
    server = Notes(odd=lambda notes, request: page_of(notes, request, shifted=shifted))
    for number in range(10):
        server.make(f"old{number}", "hello")
    report = verified(with_resource((LISTED, NUMBERED)), server, only=("pagination/",), exclusive=True)
    assert next(r.verdict for r in report.results if r.contract.id == CONTRACT) is verdict


def shuffled(seen: list[int], alone: bool) -> Any:
    """A list that every answer puts into another order; if not `alone`, somebody adds to it all the time."""

    def page(notes: Notes, request: Request) -> Response | None:
        if request.method == "GET" and request.path == "/notes":
            seen.append(1)
            ids = list(notes.notes)
            turn = 1 + 7 * len(seen) % len(ids)
            notes.notes = {id: notes.notes[id] for id in (*ids[turn:], *ids[:turn])}
            if not alone and len(notes.notes) < 18:
                notes.make(f"other{len(seen)}", "hello")
        return page_of(notes, request)

    return page


@pytest.mark.parametrize(("alone", "verdict"), [(True, Verdict.BROKEN), (False, Verdict.UNTESTED)])
def test_list_whose_order_changes_is_found_where_nobody_else_changes_it(
    alone: bool, verdict: Verdict
) -> None:
    server = Notes(odd=shuffled([], alone))
    for number in range(10):
        server.make(f"old{number}", "hello")
    report = verified(with_resource((LISTED, NUMBERED)), server, only=("pagination/",), exclusive=True)
    found = next(r for r in report.results if r.contract.id == CONTRACT)
    assert found.verdict is verdict
    assert verdict is Verdict.BROKEN or found.reason == "others changed the list meanwhile"


QUERY = f"""input:
      lat: {{type: number, required: true}}
      tag: {{type: array, items: {{type: string}}}}
      open: {{type: [boolean, "null"]}}
      after: {{type: string}}
    pages: {{items: response.notes, next: headers.link.next, argument: after}}
    {LISTED}"""


@pytest.mark.parametrize(
    ("query", "input"),
    [
        ("lat=52.5&tag=a&tag=b&open=true", {"lat": 52.5, "tag": ["a", "b"], "open": True}),
        ("lat=-3&tag=a&after=7", {"lat": -3, "tag": ["a"], "after": "7"}),
        ("lat=north&other=1", {"lat": "north"}),
    ],
)
def test_arguments_in_the_url_of_a_page_have_the_types_of_their_schemas(
    query: str, input: dict[str, Any]
) -> None:
    setting = setting_of(catalogue(NOTES.replace(LISTED, QUERY)), URL)
    endpoint = setting.endpoint("list_notes", "rest")
    link = f"<{URL}/notes?{query}>; rel=next"
    exchange: Any = SimpleNamespace(
        body={"notes": [{}]},
        input={"lat": 52.5},
        response=Response(200, (("Link", link),)),
        request=SimpleNamespace(target="/notes?lat=52.5", path="/notes"),
        call=SimpleNamespace(endpoint=endpoint),
    )
    assert endpoint is not None
    found = next_page(setting, endpoint, exchange)
    assert found is not None
    assert found.input == input
