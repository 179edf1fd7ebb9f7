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
