"""No value is blamed for a refusal that the ordinary call gets as well, nor is a form that nobody stated."""

from __future__ import annotations

from typing import Any

import pytest

from importing import imported
from pgagents.base.http import Request, Response, read_json
from pgagents.report.contract import Verdict
from pgagents.report.report import Report, Result
from shelves import TEXT, Shelf, described, document
from small_api import answer, verified

NULLABLE = {"type": ["string", "null"]}


def valid_calls(report: Report) -> dict[str, Result]:
    """Return the results of the ordinary call and of each with a null, by what they call."""
    found = {r.contract.id.partition("/")[2]: r for r in report.results if r.contract.check == "valid_calls"}
    return {name: result for name, result in found.items() if "null" in name or "ordinary" in name}


def read(request: Request) -> Any:
    body = read_json(request.body or b"{}")
    return None if body.problem else body.value


def test_a_text_that_needs_a_form_of_its_own_accuses_nobody() -> None:
    """Superset 6.1.0, 2026-11-30: `pgv-…` for a time was refused, and null beside it was blamed."""

    def takes(request: Request) -> Response | None:
        given = read(request)
        if not isinstance(given, dict) or given.keys() - {"when", "note"}:
            return answer(422, {"message": "no"})
        if str(given.get("when")).count(" ") != 4:
            return answer(422, {"message": {"when": ["Cron expression is not valid"]}})
        return None

    sent = {
        "type": "object",
        "required": ["when"],
        "properties": {"when": TEXT, "note": NULLABLE},
    }
    of = document("reports", sent, "application/json")
    report = verified(imported(of).model, Shelf("reports", takes), keys={}, allow_writes=True)
    found = valid_calls(report)
    assert found.keys() >= {"ordinary/create_report@rest", "null_note/create_report@rest"}, found.keys()
    blamed = [name for name, result in found.items() if result.verdict is not Verdict.UNTESTED]
    assert not [name for name in blamed if name.endswith("/create_report@rest")]
    assert "`when`" in found["ordinary/create_report@rest"].reason


@pytest.mark.parametrize("refused", ["every", "null"])
def test_null_is_blamed_only_where_the_call_without_it_is_accepted(refused: str) -> None:
    """Superset 6.1.0, 2026-11-30: PUT of a saved query answers 422, with `{}` as with null for `schema`."""

    class Queries(Shelf):
        def __call__(self, request: Request) -> Response:
            id = request.path.rpartition("/")[2]
            if request.method != "PUT" or id not in self.rows:
                return super().__call__(request)
            given = read(request)
            if not isinstance(given, dict) or refused == "every" or None in given.values():
                return answer(422, {"message": "it could not be changed"})
            self.rows[id] |= given
            return answer(200, self.rows[id])

    sent = {"type": "object", "properties": {"label": TEXT, "schema": NULLABLE}}
    of = document("queries", sent, "application/json")
    row = {"type": "object", "properties": {"id": {"type": "integer"}}}
    of["paths"]["/queries/{id}"]["put"] = {
        "requestBody": {"content": {"application/json": {"schema": sent}}},
        "responses": described(200, row),
    }
    report = verified(
        imported(of).model,
        Queries("queries", lambda _: None),
        keys={},
        allow_writes=True,
        only=("valid_calls",),
    )
    blamed = valid_calls(report)["null_schema/replace_query@rest"]
    if refused == "every":
        assert blamed.verdict is Verdict.UNTESTED
        assert "a call with ordinary values is refused, too" in blamed.reason
    else:
        assert blamed.verdict is Verdict.ODD


@pytest.mark.parametrize(
    ("long", "verdict"), [(True, {Verdict.UNTESTED, Verdict.KEPT}), (False, {Verdict.ODD})]
)
def test_an_address_longer_than_servers_take_is_no_finding(long: bool, verdict: set[Verdict]) -> None:
    """Superset 6.1.0 behind gunicorn, 2026-11-30: 414 to an address of 7,500 characters."""

    class Short(Shelf):
        def __call__(self, request: Request) -> Response:
            too_long = len(request.target) > 4_094 if long else "q=" in request.target
            return answer(414, {"message": "too long"}) if too_long else super().__call__(request)

    of = document("queries", {"type": "object", "properties": {"label": TEXT}}, "application/json")
    of["paths"]["/queries"]["get"]["parameters"] = [
        {"name": "q", "in": "query", "schema": {"type": "string", "maxLength": 6_000}}
    ]
    report = verified(imported(of).model, Short("queries", lambda _: None), keys={})
    (found,) = (r for r in report.results if r.contract.id == "documented_status/list_queries@rest")
    assert found.verdict in verdict
