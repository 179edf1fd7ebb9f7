"""A server may be right and odd: its numbers, cursors, ids and bounds are legal, and seldom. Each gives one
verdict, as the page of its check says, and no internal error.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

import pgagents
from importing import imported, openapi
from pgagents.base.http import Request, Response, json_bytes
from pgagents.catalogue.model.model import Model
from pgagents.report.contract import Verdict
from pgagents.report.report import Report
from pgagents.verify.plan.options import Identities, Options
from pgagents.verify.run.run import verify

INTEGER, TEXT = {"type": "integer"}, {"type": "string"}
PROBLEM = {"type": "object", "required": ["detail"], "properties": {"detail": TEXT}}
NOTE = {"type": "object", "required": ["id", "text"], "properties": {"id": INTEGER, "text": TEXT}}
SENT = {
    "type": "object",
    "required": ["text"],
    "properties": {"text": {"type": "string", "minLength": 1, "maxLength": 40}},
}
LIMIT = {"type": "integer", "minimum": 1, "maximum": 50, "default": 20}
PAGE = {"type": "integer", "minimum": 1, "default": 1}


def answers(status: int, schema: dict[str, Any] | None, *refusals: int) -> dict[str, Any]:
    content = {} if schema is None else {"content": {"application/json": {"schema": schema}}}
    refused = {"description": "No", "content": {"application/json": {"schema": PROBLEM}}}
    return {str(status): {"description": "So", **content}, **{str(code): refused for code in refusals}}


def name_next(begin: int | None) -> str | None:
    return None if begin is None else f"c{begin}"


@dataclass(frozen=True)
class Oddity:
    """A right server's seldom habit, and the verdicts that it gets with the words of their reasons.

    `least` and `usual` are the least and the default page size. Pages are `numbered`, or they have cursors
    that `next` makes of the place where a page begins. `headers` stand in each answer, and `limited` is the
    Retry-After of a 429 of the list.
    """

    verdicts: dict[str, tuple[Verdict, str]]
    least: int = 1
    usual: int = 20
    numbered: bool = False
    next: Callable[[int | None], str | None] = name_next
    headers: tuple[tuple[str, str], ...] = ()
    limited: str = ""


KEPT = (Verdict.KEPT, "")
WALK, LOW = "pagination/list_notes@rest", "valid_calls/low/list_notes@rest"
YEARS = "answered 429 and asked for a wait of 1,795,000,000 s, and --max-wait allows 60; is it a time?"
ODDITIES = {
    "a Retry-After of 56 years": Oddity(
        {LOW: (Verdict.UNTESTED, YEARS), WALK: (Verdict.UNTESTED, "the list in one piece was answered 429")},
        limited="1795000000",
    ),
    "a limit of 0 in a header": Oddity(
        {LOW: KEPT, WALK: KEPT}, headers=(("X-RateLimit-Limit", "0"), ("X-RateLimit-Remaining", "0"))
    ),
    "a page of 0 items": Oddity({LOW: KEPT, WALK: KEPT}, least=0),
    "an empty cursor": Oddity({WALK: KEPT}, next=lambda begin: name_next(begin) or ""),
    "a page number that is a text": Oddity(
        {WALK: KEPT, "default_values/page/list_notes@rest": KEPT}, numbered=True
    ),
    "an id that comes back": Oddity(
        {"removals/note/get_note@rest": KEPT, "read_after_write/note/get_note@rest": KEPT}
    ),
    "a default below its bound": Oddity({LOW: KEPT, WALK: KEPT}, least=10, usual=5),
}


@cache
def model(name: str) -> Model:
    oddity = ODDITIES[name]
    limit = LIMIT | {"minimum": oddity.least, "default": oddity.usual}
    turned = {"page": TEXT, "total": INTEGER} if oddity.numbered else {"next": {"type": ["string", "null"]}}
    listed = {
        "type": "object",
        "required": ["notes", *turned],
        "properties": {"notes": {"type": "array", "items": NOTE}, **turned},
    }
    further = ("page", PAGE) if oddity.numbered else ("cursor", TEXT)
    paths = {
        "/notes": {
            "get": {
                "operationId": "list_notes",
                "parameters": [
                    {"name": "limit", "in": "query", "schema": limit},
                    {"name": further[0], "in": "query", "schema": further[1]},
                ],
                "responses": answers(200, listed, 400, 429),
            },
            "post": {
                "operationId": "create_note",
                "requestBody": {"required": True, "content": {"application/json": {"schema": SENT}}},
                "responses": answers(201, NOTE, 400),
            },
        },
        "/notes/{note_id}": {
            "parameters": [{"name": "note_id", "in": "path", "required": True, "schema": INTEGER}],
            "get": {"operationId": "get_note", "responses": answers(200, NOTE, 400, 404)},
            "delete": {"operationId": "delete_note", "responses": answers(204, None, 400, 404)},
        },
    }
    return imported(openapi(paths)).model


@dataclass
class Notes:
    """A right server of notes. A new one gets the largest id and 1."""

    oddity: Oddity
    notes: dict[int, str] = field(
        default_factory=lambda: {number: f"note {number}" for number in range(1, 8)}
    )
    lists: int = 0

    def __call__(self, request: Request) -> Response:
        told = self._answer(request)
        for name, value in self.oddity.headers:
            told = told.with_header(name, value)
        return told

    def _answer(self, request: Request) -> Response:
        url = urlsplit(request.target)
        _, collection, *rest = url.path.split("/")
        if collection != "notes" or len(rest) > 1:
            return answer(404, {"detail": "no such path"})
        allowed = ("GET", "DELETE") if rest else ("GET", "POST")
        if request.method not in allowed:
            return Response(405, (("Allow", ", ".join(allowed)),), b"")
        if not rest:
            return (
                self._create(request) if request.method == "POST" else self._list(parse_qs(url.query, True))
            )
        if not rest[0].lstrip("-").isdecimal():
            return answer(400, {"detail": "the id is a number"})
        id = int(rest[0])
        if id not in self.notes:
            return answer(404, {"detail": "not there"})
        if request.method == "DELETE":
            del self.notes[id]
            return Response(204, (), b"")
        return answer(200, {"id": id, "text": self.notes[id]})

    def _create(self, request: Request) -> Response:
        try:
            text = json.loads(request.body)["text"]
        except (ValueError, KeyError, TypeError):
            return answer(400, {"detail": "wrong"})
        if not isinstance(text, str) or not 1 <= len(text) <= 40:
            return answer(400, {"detail": "wrong"})
        id = max(self.notes, default=0) + 1
        self.notes[id] = text
        return answer(201, {"id": id, "text": text})

    def _list(self, query: dict[str, list[str]]) -> Response:
        oddity = self.oddity
        self.lists += 1
        if oddity.limited and self.lists > 2:
            return answer(429, {"detail": "later"}).with_header("Retry-After", oddity.limited)
        limit = query.get("limit", [str(oddity.usual)])[0]
        if not limit.isdecimal() or ("limit" in query and not oddity.least <= int(limit) <= 50):
            return answer(400, {"detail": "limit"})
        size, every = int(limit), sorted(self.notes)
        if oddity.numbered:
            page = query.get("page", ["1"])[0]
            if not page.isdecimal() or int(page) < 1:
                return answer(400, {"detail": "page"})
            first = (int(page) - 1) * size
            turned: dict[str, Any] = {"page": page, "total": len(every)}
        else:
            cursor = query.get("cursor", [""])[0] or "c0"
            if not cursor.removeprefix("c").isdecimal():
                return answer(400, {"detail": "cursor"})
            first = int(cursor.removeprefix("c"))
            goes_on = 0 < size < len(every) - first
            turned = {"next": oddity.next(first + size if goes_on else None)}
        items = [{"id": id, "text": self.notes[id]} for id in every[first : first + size]]
        return answer(200, {"notes": items, **turned})


def answer(status: int, body: Any) -> Response:
    return Response(status, (("Content-Type", "application/json"),), json_bytes(body))


@cache
def report_of(name: str) -> Report:
    now = [1_776_000_000.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    options = Options(live=False, allow_writes=True, exclusive=True)
    return verify(
        model(name), Notes(ODDITIES[name]), Identities({}), options,
        clock=lambda: now[0], sleep=sleep, wall=lambda: "2026-04-12T13:20:00Z", url="http://127.0.0.1:1",
        timer=lambda: now[0],
    )  # fmt: skip


@pytest.mark.parametrize("name", ODDITIES)
def test_a_legal_oddity_has_one_verdict_and_no_internal_error(name: str) -> None:
    report = report_of(name)
    assert [f.contract.id for f in report.findings] == []
    assert not [r.contract.id for r in report.results if r.verdict in (Verdict.BROKEN, Verdict.ODD)]
    assert not [note for note in report.footer.notes if "internal error" in note]
    assert report.footer.left_behind == ()
    for id, (verdict, words) in ODDITIES[name].verdicts.items():
        (result,) = [r for r in report.results if r.contract.id == id]
        assert result.verdict is verdict, result.reason
        assert words in result.reason


def test_the_page_about_verdicts_has_each_oddity() -> None:
    page = (Path(pgagents.__file__).parents[2] / "docs/explain/verdicts.md").read_text(encoding="utf-8")
    rows = page.partition("## What is legal and seldom")[2].splitlines()
    assert {
        row.split(" | ")[0].removeprefix("| ") for row in rows if row.startswith("| a")
    } == ODDITIES.keys()
