"""By a document alone, pages that overlap or leave a gap are firm where it says at which number a list
begins, and the pages lead through the list in its order.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

import pytest

from importing import imported, openapi
from pgagents.base.http import Request, Response
from pgagents.report.contract import Verdict
from small_api import answer, verified

ROW = {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}}
PAGE = {
    "type": "object",
    "required": ["data", "total"],
    "properties": {"data": {"type": "array", "items": ROW}, "total": {"type": "integer"}},
}
LIMIT = {"type": "integer", "minimum": 1, "maximum": 50, "default": 20}
FROM_ZERO = {"type": "integer", "minimum": 0, "default": 0}


def document(argument: str, schema: dict[str, Any]) -> dict[str, Any]:
    query = [
        {"name": "limit", "in": "query", "schema": LIMIT},
        {"name": argument, "in": "query", "schema": schema},
    ]
    shown = {"description": "So", "content": {"application/json": {"schema": PAGE}}}
    refused = {"description": "No"}
    listed = {"operationId": "list_rows", "parameters": query, "responses": {"200": shown, "400": refused}}
    return openapi({"/rows": {"get": listed}})


def judge(
    argument: str = "offset",
    schema: dict[str, Any] = FROM_ZERO,
    *,
    shift: int = 0,
    hides: bool = False,
    swaps: bool = False,
) -> Verdict:
    """Verify a list of ten rows whose pages but the first begin `shift` too late. `hides` leaves out a row of
    what was cut, `swaps` puts a further page into another order.
    """
    rows = [{"id": f"r{n}-8f2c"} for n in range(10)]

    def serve(request: Request) -> Response:
        path, _, query = request.target.partition("?")
        if path != "/rows" or request.method != "GET":
            return answer(404, {"detail": "none"})
        given = {name: int(value) if value.isdecimal() else -1 for name, value in parse_qsl(query)}
        size, start = given.get("limit", 20), given.get(argument, schema.get("default", 0))
        if not 1 <= size <= 50 or start < schema.get("minimum", 0):
            return answer(400, {"detail": "a number"})
        begin = start if argument == "offset" else (start - 1) * size
        begin += shift if begin else 0
        shown = rows[begin : begin + size]
        shown = [row for row in shown if not hides or row is not rows[2]] if size < 20 else shown
        shown = shown[::-1] if swaps and begin else shown
        return answer(200, {"data": shown, "total": len(rows)})

    report = verified(imported(document(argument, schema)).model, serve, only=("pagination",), exclusive=True)
    return next(r.verdict for r in report.results if r.contract.id == "pagination/list_rows@rest")


@pytest.mark.parametrize(
    ("schema", "shift", "verdict"),
    [
        (FROM_ZERO, 0, Verdict.KEPT),
        (FROM_ZERO, -1, Verdict.BROKEN),
        (FROM_ZERO, 1, Verdict.BROKEN),
        ({"type": "integer", "minimum": 0}, -1, Verdict.BROKEN),
        ({"type": "integer"}, -1, Verdict.ODD),
    ],
)
def test_an_offset_whose_begin_is_documented(schema: dict[str, Any], shift: int, verdict: Verdict) -> None:
    assert judge(schema=schema, shift=shift) is verdict


@pytest.mark.parametrize(("shift", "verdict"), [(0, Verdict.KEPT), (-1, Verdict.BROKEN)])
def test_a_page_whose_first_number_is_documented(shift: int, verdict: Verdict) -> None:
    schema = {"type": "integer", "minimum": 1, "default": 1}
    assert judge("page", schema, shift=shift) is verdict


def test_pages_that_are_shorter_than_asked_for_are_odd_at_most() -> None:
    """A server may leave out of a page what it has cut, so nobody knows how its offset counts."""
    assert judge(hides=True) is Verdict.ODD


@pytest.mark.parametrize("shift", [-1, 1])
def test_pages_in_another_order_than_the_list_are_odd_at_most(shift: int) -> None:
    assert judge(shift=shift, swaps=True) is Verdict.ODD
