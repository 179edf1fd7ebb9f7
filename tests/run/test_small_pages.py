"""A list of a document is also read by ones and twos, where ties lose items. A next link keeps the size."""

from __future__ import annotations

from functools import cache
from typing import Any
from urllib.parse import parse_qsl

import pytest

from importing import answering, imported, openapi
from pgagents.base.http import Request, Response, json_bytes
from pgagents.catalogue.model.model import Model
from pgagents.report.contract import Verdict
from pgagents.report.report import Report
from pgagents.verify.plan.options import Identities, Options
from pgagents.verify.run.run import verify

URL = "http://127.0.0.1:1"
ROW = {
    "type": "object",
    "required": ["id", "at"],
    "properties": {"id": {"type": "string"}, "at": {"type": "integer"}},
}
ROWS, WHOLE = {"type": "array", "items": ROW}, {"type": "integer"}
IDS = [f"r{number}" for number in range(4)]
"""All rows have one time, so that only a second key orders them."""


def of(**members: Any) -> dict[str, Any]:
    return {"type": "object", "required": list(members), "properties": members}


@cache
def model(*, linked: bool, least: int = 1, bounded: bool = False) -> Model:
    size = {**WHOLE, "default": 20, "minimum": least} | ({"maximum": 50} if linked or bounded else {})
    following = {"next": {"type": ["string", "null"], "format": "uri-reference"}}
    answer = of(rows=ROWS, **(following if linked else {"total": WHOLE}))
    page = (
        {"name": "cursor", "schema": {"type": "string"}}
        if linked
        else {"name": "page", "schema": {**WHOLE, "default": 1}}
    )
    order = {"name": "sort", "schema": {"enum": ["id", "at"], "default": "id"}}
    parameters = [
        {"in": "query", **one}
        for one in (page, {"name": "limit", "schema": size}, order if bounded else None)
        if one
    ]
    refused = {"422": {"description": "Refused"}}
    listing = {"operationId": "list_rows", "parameters": parameters, "responses": answering(answer) | refused}
    return imported(openapi({"/rows": {"get": listing}})).model


class Rows:
    """Answers pages of four rows. `habit` is what this server does otherwise."""

    def __init__(self, habit: str, *, linked: bool) -> None:
        self.habit, self.linked = habit, linked

    def __call__(self, request: Request) -> Response:
        if request.method != "GET" or request.path != "/rows":
            return self._answer(404, {})
        given = dict(parse_qsl(request.target.partition("?")[2]))
        number, limit = given.get("cursor" if self.linked else "page", "1"), given.get("limit", "20")
        if not number.isdecimal() or not limit.isdecimal() or not 0 < int(limit) <= 50 or number == "0":
            return self._answer(422, {})
        size = {"own size": 3, "least": max(2, int(limit))}.get(self.habit, int(limit))
        first = int(number) - 1 if self.linked else (int(number) - 1) * size
        first += {"skips": 1, "repeats": -1}.get(self.habit, 0) if number != "1" else 0
        there = self._order(first, size, given.get("sort", "id"))
        rows = [{"id": id, "at": 7} for id in there[first : first + size]]
        if not self.linked:
            return self._answer(200, {"rows": rows, "total": len(IDS)})
        more = first + size < len(IDS)
        target = f"/rows?cursor={first + size + 1}&limit={size}"
        return self._answer(200, {"rows": rows, "next": target if more else None})

    def _order(self, first: int, size: int, by: str) -> list[str]:
        """Return the rows in the order of this page: ties are broken by the page, as some databases do."""
        turned = self.habit in ("ties", f"ties by {by}") and first > 0 and size == 1
        return IDS[-1:] + IDS[:-1] if turned else IDS

    def _answer(self, status: int, body: Any) -> Response:
        return Response(status, (("Content-Type", "application/json"),), json_bytes(body))


def run(habit: str, *, linked: bool, least: int = 1, bounded: bool = False) -> Report:
    now = [1_776_000_000.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    return verify(
        model(linked=linked, least=least, bounded=bounded), Rows(habit, linked=linked), Identities({}),
        Options(live=False, only=("pagination",)), clock=lambda: now[0], sleep=sleep,
        wall=lambda: "2026-04-12T13:20:00Z", url=URL, timer=lambda: now[0],
    )  # fmt: skip


def judge(habit: str, *, linked: bool, least: int = 1, bounded: bool = False) -> tuple[Verdict, str]:
    report = run(habit, linked=linked, least=least, bounded=bounded)
    [(verdict, reason)] = [
        (r.verdict, r.reason) for r in report.results if r.contract.id == "pagination/list_rows@rest"
    ]
    return verdict, reason


@pytest.mark.parametrize(("habit", "says"), [("skips", "on no page"), ("repeats", "on two pages")])
def test_a_finding_shows_the_page_on_which_it_can_be_seen(habit: str, says: str) -> None:
    """Not the first page, which is read once more to be sure that nobody changed the list."""
    [finding] = run(habit, linked=True).findings
    assert says in finding.actual
    assert "cursor=3" in finding.exchanges[-1].request.target
    assert "cursor" not in finding.exchanges[-2].request.target


@pytest.mark.parametrize(
    ("habit", "linked"),
    [("right", False), ("right", True), ("own size", False), ("least", False), ("least", True)],
)
def test_right_list_is_not_told(habit: str, linked: bool) -> None:
    verdict, reason = judge(habit, linked=linked)
    assert verdict in ((Verdict.KEPT,) if habit == "right" else (Verdict.KEPT, Verdict.UNTESTED)), reason


def test_size_that_the_document_forbids_is_not_asked_for() -> None:
    assert judge("ties", linked=False, least=2)[0] not in (Verdict.ODD, Verdict.BROKEN)


@pytest.mark.parametrize(
    ("habit", "bounded"), [("ties", False), ("ties", True), ("ties by id", True), ("ties by at", True)]
)
def test_ties_that_lose_an_item_at_a_border_are_found(habit: str, bounded: bool) -> None:
    """In the usual order and in each other one, also where the list was read in larger pages before. The
    document says that a list begins with page 1.
    """
    verdict, reason = judge(habit, linked=False, bounded=bounded)
    assert verdict is Verdict.BROKEN
    assert "is on two pages" in reason
    assert judge("right", linked=False, bounded=bounded)[0] is Verdict.KEPT
