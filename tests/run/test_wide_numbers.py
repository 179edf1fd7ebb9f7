"""Whole numbers beyond 32 and 64 bits are sent where a document allows them: only a crash is a finding."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

import pytest

from importing import imported, openapi
from pgagents.base.http import Request, Response
from pgagents.report.contract import Verdict
from small_api import answer, verified

NARROW, WIDE = 2**31, 2**63


def document(number: dict[str, Any]) -> dict[str, Any]:
    """A document of a list with an offset and a count, and of its items."""
    item = {"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}}}
    said: dict[str, Any] = {status: {"description": "No"} for status in ("404", "422")}

    def shown(schema: dict[str, Any]) -> dict[str, Any]:
        return {"200": {"description": "So", "content": {"application/json": {"schema": schema}}}, **said}

    asked = [{"name": name, "in": "query", "schema": number} for name in ("offset", "count")]
    one = {"name": "thing_id", "in": "path", "required": True, "schema": number}
    whole = {"type": "array", "items": item}
    return openapi(
        {
            "/things": {
                "get": {"operationId": "list_things", "parameters": asked, "responses": shown(whole)}
            },
            "/things/{thing_id}": {
                "get": {"operationId": "get_thing", "parameters": [one], "responses": shown(item)}
            },
        }
    )


def run(
    number: dict[str, Any], most: int, otherwise: int
) -> tuple[dict[str, Verdict], list[tuple[str, int]]]:
    """Verify a server that answers `otherwise` to numbers from `most` on.

    Return the verdicts on crashes and statuses, and the numbers that were sent.
    """
    sent: list[tuple[str, int]] = []

    def serve(request: Request) -> Response:
        path, _, query = request.target.partition("?")
        last = path.rpartition("/")[2]
        given = {**dict(parse_qsl(query)), **({} if last == "things" else {"thing_id": last})}
        try:
            numbers = {name: int(value) for name, value in given.items()}
        except ValueError:
            return answer(422, {"detail": "a number"})
        sent.extend(numbers.items())
        if any(value < 0 for value in numbers.values()):
            return answer(422, {"detail": "too small"})
        if any(value >= most for value in numbers.values()):
            return answer(otherwise, {"detail": "too large"})
        if "thing_id" in numbers:
            return answer(200, {"id": 7}) if numbers["thing_id"] == 7 else answer(404, {"detail": "none"})
        return answer(200, [{"id": 7}][numbers.get("offset", 0) :])

    report = verified(
        imported(document(number), offering=False).model,
        serve,
        keys={},
        only=("no_crashes/", "documented_status/"),
    )
    verdicts = {r.contract.id: r.verdict for r in report.results if r.verdict is not Verdict.NOT_SELECTED}
    return verdicts, sent


FREE = {"type": "integer", "minimum": 0}


@pytest.mark.parametrize("most", [NARROW, WIDE])
def test_a_number_that_crashes_the_server_is_found(most: int) -> None:
    verdicts, sent = run(FREE, most, 500)
    assert verdicts["no_crashes/list_things@rest"] is Verdict.BROKEN
    assert verdicts["no_crashes/get_thing@rest"] is Verdict.BROKEN
    assert max(value for name, value in sent if name == "count") < NARROW, "it may order as much work"


@pytest.mark.parametrize("status", [404, 422])
@pytest.mark.parametrize("most", [NARROW, WIDE, 2**70])
def test_a_server_may_refuse_or_take_it(most: int, status: int) -> None:
    verdicts, _ = run(FREE, most, status)
    assert set(verdicts.values()) <= {Verdict.KEPT, Verdict.NOT_APPLICABLE}


@pytest.mark.parametrize(
    ("more", "excluded"),
    [
        ({"maximum": 1000}, {NARROW, WIDE}),
        ({"format": "int32"}, {NARROW, WIDE}),
        ({"format": "int64"}, {WIDE}),
    ],
)
def test_what_the_schema_excludes_is_not_sent(more: dict[str, Any], excluded: set[int]) -> None:
    _, sent = run({**FREE, **more}, 2**80, 422)
    assert excluded.isdisjoint(value for _, value in sent)
