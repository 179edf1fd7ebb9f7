"""Walks over pages of a mock: others who write meanwhile are not a finding, and a client names the next
page.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from inprocess import inside
from language_table import model_of
from pgagents.base.http import Request, Response, Silence, read_json
from pgagents.catalogue.model.answers import links_of
from pgagents.client.answer import Answer
from pgagents.client.client import Client, format_next
from pgagents.mcp.tools import result_of, tools
from pgagents.report.contract import Verdict
from pgagents.report.report import Report
from pgagents.sandbox.call import AcceptedCall
from verifying import ids, run

WALK = "pagination/list_notes@rest"


def _run_beside_others(row: str) -> Report:
    """Verify a server to which somebody else adds a note whenever a further page is requested."""
    model = model_of(row)
    opened = inside(model)
    front, maker = opened.sandbox.front, model.action("create_note")
    inner = front.domain
    assert maker is not None

    def act(call: AcceptedCall) -> Any:
        pages = call.action.pages
        if pages is not None and pages.argument in call.given:
            inner(replace(call, action=maker, input={"text": "Buy salt"}))
        return inner(call)

    front.domain = act
    return run(model, handler=opened.sandbox.handler, keys=opened.keys, allow_writes=True)


@pytest.mark.parametrize("row", ["pages-by-number", "pages-by-offset"])
def test_item_that_others_add_while_pages_are_counted_is_no_finding(row: str) -> None:
    report = _run_beside_others(row)
    told = {r.contract.id: r.reason for r in report.results if r.verdict is Verdict.UNTESTED}
    assert WALK not in ids(report, Verdict.BROKEN)
    assert told[WALK] == "others changed the list meanwhile"


@pytest.mark.parametrize("row", ["pages-by-cursor", "pages-by-last-id", "pages-by-url"])
def test_item_that_others_add_does_not_disturb_a_cursor(row: str) -> None:
    report = _run_beside_others(row)
    assert WALK in ids(report, Verdict.KEPT)


def test_a_list_that_breaks_its_schema_is_not_called_short() -> None:
    model = model_of("pages-by-offset")
    opened = inside(model)

    def handler(request: Request) -> Response | Silence:
        answer = opened.sandbox.handler(request)
        listed = isinstance(answer, Response) and (request.method, request.path) == ("GET", "/notes")
        return answer.with_json({"notes": 1}) if listed and answer.status == 200 else answer

    report = run(model, handler=handler, keys=opened.keys)
    told = {r.contract.id: r.reason for r in report.results if r.verdict is Verdict.UNTESTED}
    assert told[WALK] == "the list in one piece was not answered as its schema says"


@pytest.mark.parametrize(
    ("follow", "verdict"),
    [
        (lambda page: page + 1, Verdict.BROKEN),
        (lambda page: page, Verdict.BROKEN),
        (lambda _page: None, Verdict.KEPT),
        (lambda page: None if page else page + 1, Verdict.KEPT),
    ],
    ids=["always another", "always itself", "one empty page", "two empty pages"],
)
def test_pages_come_to_an_end(follow: Callable[[int], int | None], verdict: Verdict) -> None:
    """After the list comes empty page 0, and each of them announces the one that `follow` returns."""
    model = model_of("pages-by-cursor")
    opened = inside(model)
    headers = (("Authorization", f"Bearer {opened.keys['main']}"), ("Content-Type", "application/json"))
    made = opened.sandbox.handler(Request("POST", "/notes", headers, b'{"text": "Buy salt"}'))
    assert isinstance(made, Response)
    assert made.status == 201

    def handler(request: Request) -> Response | Silence:
        cursor = dict(request.query).get("cursor", "")
        empty = int(cursor[4:]) if cursor.startswith("end-") else None
        answer = opened.sandbox.handler(request if empty is None else replace(request, target=request.path))
        if (request.method, request.path) != ("GET", "/notes") or not isinstance(answer, Response):
            return answer
        data = read_json(answer.body).value
        if answer.status != 200 or (empty is None and data.get("next_cursor")):
            return answer
        further = 0 if empty is None else follow(empty)
        return answer.with_json(
            {
                "notes": [] if empty is not None else data["notes"],
                "next_cursor": None if further is None else f"end-{further}",
            }
        )

    report = run(model, handler=handler, keys=opened.keys, only=(WALK,))
    assert {f.contract.id: f.expected for f in report.findings} == (
        {WALK: "pages that come to an end"} if verdict is Verdict.BROKEN else {}
    )
    assert WALK in ids(report, verdict), {r.contract.id: r.reason for r in report.results if r.reason}


def _listed(row: str, *, limit: str, turns: int) -> list[Answer]:
    """Walk a list of three notes as a client does, by the argument that each answer names."""
    model = model_of(row)
    opened = inside(model)
    key = opened.keys["main"]

    async def send(request: Request) -> Response | Silence:
        return opened.sandbox.handler(request)

    client = Client(model, send, key)

    async def walk() -> list[Answer]:
        for text in ("bread", "salt"):
            await client.call("create_note", {"text": text}, confirmed=True)
        found, more = [], {}
        for _ in range(turns):
            answer = await client.call("list_notes", {limit: 2, **more})
            found.append(answer)
            more = dict(answer.next or {})
        return found

    return asyncio.run(walk())


@pytest.mark.parametrize(
    ("row", "limit"),
    [
        ("pages-by-cursor", "limit"),
        ("pages-by-last-id", "limit"),
        ("pages-by-number", "per_page"),
        ("pages-by-url", "limit"),
        ("pages-by-link-header", "per_page"),
    ],
)
def test_client_names_the_argument_of_the_next_page(row: str, limit: str) -> None:
    first, second = _listed(row, limit=limit, turns=2)
    assert first.next is not None
    assert second.next is None
    texts = [note["text"] for answer in (first, second) for note in answer.data["notes"]]
    assert texts == ["salt", "bread", "Buy milk"]


def test_client_goes_on_until_a_page_without_items_where_nothing_else_says_it() -> None:
    answers = _listed("pages-by-offset", limit="limit", turns=3)
    assert [a.next for a in answers] == [{"offset": 2}, {"offset": 3}, None]


def test_mcp_result_says_the_next_page_that_only_a_header_announces() -> None:
    (answer,) = _listed("pages-by-link-header", limit="per_page", turns=1)
    tool = tools(model_of("pages-by-link-header"))["list_notes"]
    said = [block.text for block in result_of(tool, answer).content]  # type: ignore[union-attr]
    assert said[1:] == ["There is a further page: call list_notes again with the same arguments and page=2"]
    (plain,) = _listed("pages-by-cursor", limit="limit", turns=1)
    tool = tools(model_of("pages-by-cursor"))["list_notes"]
    assert plain.next is not None
    assert len(result_of(tool, plain).content) == 1, "the data shows it"


def test_value_of_a_next_page_stays_on_one_line() -> None:
    assert format_next("list", {"cursor": "a\nIgnore \x1b[31mall"}).endswith("cursor=a Ignore [31mall")


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ('<https://a.example/?page=2>; rel="next"', {"next": "https://a.example/?page=2"}),
        ("</x,y;z>; rel=next, <b>; rel=last", {"next": "/x,y;z", "last": "b"}),
        ('<a>; title="x, <b>; rel=\\"no\\""; rel="prev next"', {"prev": "a", "next": "a"}),
        ("<a>; REL=Next", {"next": "a"}),
        ("<a>; rel=next, <b>; rel=next", {"next": "a"}),
        ("<a>; title=next, <b>; xrel=next", {}),
        ("<a; rel=next", {}),
        ('<a>; rel="next', {}),
        ("", {}),
    ],
)
def test_link_header_is_read_by_its_relations(header: str, expected: dict[str, str]) -> None:
    assert links_of(header) == expected


def test_long_link_header_takes_no_time() -> None:
    begun = time.process_time()
    for hostile in ("<", "<>;", '<>"', "<>;rel=", '<>; rel="', "<>; a=b", '<>;a="b\\"'):
        links_of(hostile * 100_000)
    assert time.process_time() - begun < 20, "it grows with the square of the text"
