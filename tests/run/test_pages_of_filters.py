"""A list by offsets is also read in pages with a filter, whose values its items show."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

import pytest

from importing import answering, imported, openapi
from pgagents.base.http import Request, Response
from small_api import answer, verified

WHOLE, TEXT = {"type": "integer"}, {"type": "string"}
ROWS = [{"id": f"r{number}", "kind": "ab"[number // 3]} for number in range(6)]


def document() -> dict[str, Any]:
    row = {"type": "object", "required": ["id", "kind"], "properties": {"id": TEXT, "kind": TEXT}}
    page = {"type": "object", "required": ["rows"], "properties": {"rows": {"type": "array", "items": row}}}
    size = {**WHOLE, "minimum": 1, "maximum": 50, "default": 20}
    schemas = {"kind": TEXT, "limit": size, "offset": {**WHOLE, "minimum": 0, "default": 0}}
    parameters = [{"in": "query", "name": name, "schema": schema} for name, schema in schemas.items()]
    listing = {"operationId": "list_rows", "parameters": parameters, "responses": answering(page)}
    return openapi({"/rows": {"get": listing}})


def sorted_document(value: str) -> dict[str, Any]:
    """The document with sizes, by which this value of an argument sorts."""
    known = document()
    (listing,) = known["paths"]["/rows"].values()
    listing["parameters"].append(
        {"in": "query", "name": "sort", "schema": {**TEXT, "enum": ["id", value], "default": "id"}}
    )
    page = listing["responses"]["200"]["content"]["application/json"]["schema"]
    page["properties"]["rows"]["items"]["properties"]["size"] = {"type": ["integer", "null"]}
    return known


@pytest.mark.parametrize("value", ["-size", "size", "size:desc"])
@pytest.mark.parametrize(
    ("habit", "verdict"), [("right", "kept"), ("sorts each page", "broken"), ("minds no order", "kept")]
)
def test_the_order_that_an_argument_names_goes_over_all_pages(habit: str, verdict: str, value: str) -> None:
    """A sports office of 2026-11-29 cut a page out of the list, and sorted it then. Some have no order."""
    known = sorted_document(value)
    held = [{**row, "size": size} for row, size in zip(ROWS, (4, 1, 6, 2, 5, 3), strict=True)]

    def serve(request: Request) -> Response:
        given = dict(parse_qsl(request.target.partition("?")[2]))
        limit, first, order = (given.get(n, d) for n, d in (("limit", "20"), ("offset", "0"), ("sort", "id")))
        if request.method != "GET" or request.path != "/rows" or order not in ("id", value):
            return answer(404, {})
        if not (limit.isdecimal() and first.isdecimal() and 1 <= int(limit) <= 50):
            return answer(422, {})
        down = value != "size"
        rows = [row for row in held if given.get("kind", row["kind"]) == row["kind"]]
        if order != "id" and habit == "right":
            rows = sorted(rows, key=lambda row: row["size"], reverse=down)
        rows = rows[int(first) : int(first) + int(limit)]
        if order != "id" and habit == "sorts each page":
            rows = sorted(rows, key=lambda row: row["size"], reverse=down)
        if habit == "minds no order" and int(first):
            rows = rows[::-1]
        return answer(200, {"rows": rows})

    report = verified(imported(known).model, serve, keys={}, only=("pagination",))
    assert {r.contract.id: r.verdict.value for r in report.results}["pagination/list_rows@rest"] == verdict


@pytest.mark.parametrize("sizes", [(3, 1, 2, 1, 3, 2), (4, 1, None, 2, 5, 3)])
def test_rows_that_are_alike_have_no_order(sizes: tuple[int | None, ...]) -> None:
    """A right server may put them otherwise for each size of a page."""
    held = [{**row, "size": size} for row, size in zip(ROWS, sizes, strict=True)]

    def serve(request: Request) -> Response:
        given = dict(parse_qsl(request.target.partition("?")[2]))
        limit, first, order = (given.get(n, d) for n, d in (("limit", "20"), ("offset", "0"), ("sort", "id")))
        if request.method != "GET" or request.path != "/rows" or order not in ("id", "size"):
            return answer(404, {})
        if not (limit.isdecimal() and first.isdecimal() and 1 <= int(limit) <= 50):
            return answer(422, {})
        rows = [row for row in held if given.get("kind", row["kind"]) == row["kind"]]
        if order == "size":
            paged = int(limit) < len(rows)
            turned, lacking = (rows[::-1], 0) if paged else (rows, len(held))
            rows = sorted(turned, key=lambda row: row["size"] or lacking)
        return answer(200, {"rows": rows[int(first) : int(first) + int(limit)]})

    report = verified(imported(sorted_document("size")).model, serve, keys={}, only=("pagination",))
    assert {r.contract.id: r.verdict.value for r in report.results}["pagination/list_rows@rest"] == "kept"


@pytest.mark.parametrize(
    ("habit", "verdict"), [("right", "kept"), ("skips one", "odd"), ("forgets", "odd"), ("none", "kept")]
)
def test_a_filter_counts_in_each_page(habit: str, verdict: str) -> None:
    """An offset may count the rows that the filter leaves out. A server without such a filter loses none."""

    def serve(request: Request) -> Response:
        given = dict(parse_qsl(request.target.partition("?")[2]))
        limit, offset = given.get("limit", "20"), given.get("offset", "0")
        if request.method != "GET" or request.path != "/rows":
            return answer(404, {})
        if not (limit.isdecimal() and offset.isdecimal() and 1 <= int(limit) <= 50):
            return answer(422, {})
        first, kind = int(offset), given.get("kind", "") if habit != "none" else ""
        skipped = bool(habit == "skips one" and kind and first)
        kind = "" if habit == "forgets" and first else kind
        rows = [row for row in ROWS if kind in ("", row["kind"])]
        return answer(200, {"rows": rows[first + skipped : first + skipped + int(limit)]})

    report = verified(imported(document()).model, serve, keys={}, only=("pagination",))
    assert {r.contract.id: r.verdict.value for r in report.results}["pagination/list_rows@rest"] == verdict
