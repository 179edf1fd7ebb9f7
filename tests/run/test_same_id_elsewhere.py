"""Two projects have a thing of the same id, because ids are unique within a project alone."""

from __future__ import annotations

import json
from typing import Any

import pytest

from importing import answering, openapi, taking
from overlaying import over
from pgagents.base.http import Request, Response, json_bytes
from pgagents.report.contract import Verdict
from pgagents.verify.plan.options import Identities, Options
from pgagents.verify.run.run import verify

FIRST, SECOND = "k1a2b3c4d5e6f70819", "k2b3c4d5e6f7081920"
TEXT = {"type": "string", "minLength": 1, "maxLength": 80}
SERVICE = {"type": "object", "required": ["code"], "properties": {"code": TEXT}}
REFUSED = {str(status): {"description": "No"} for status in (401, 404)}
LINES = """
auth: {roles: {second: {description: Another practice, project: second}}}
actions: {get_service: {input: {code: {refers_to: service}}}}
resources:
  service:
    id: code
    read_by: {action: get_service, input: {code: =resource.code}}
    made_by: {action: create_service, input: {code: =fresh.text}}
    found_by: {action: list_services, at: response}
    listed_by: {action: list_services, at: response}
    missing: NOT_FOUND
    tenant: true
"""
DOCUMENT = openapi(
    {
        "/services": {
            "get": {
                "operationId": "list_services",
                "responses": answering({"type": "array", "items": SERVICE}) | REFUSED,
            },
            "post": {
                "operationId": "create_service",
                "requestBody": taking(SERVICE),
                "responses": {"201": answering(SERVICE)["200"]} | REFUSED,
            },
        },
        "/services/{code}": {
            "parameters": [{"name": "code", "in": "path", "required": True, "schema": TEXT}],
            "get": {"operationId": "get_service", "responses": answering(SERVICE) | REFUSED},
        },
    },
    components={"securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}},
    security=[{"key": []}],
)


@pytest.mark.parametrize(("second", "ranks"), [(["CARD"], []), (["FOOD"], ["exposed"])])
def test_an_id_that_both_projects_have_is_not_anothers(second: list[str], ranks: list[str]) -> None:
    """In the second case the server leaks: whatever code any practice has is read by both."""
    rows = {FIRST: ["CARD"], SECOND: second}

    def serve(request: Request) -> Response:
        mine = rows.get((request.header("Authorization") or "").rpartition(" ")[2])
        code = request.target.removeprefix("/services").removeprefix("/")
        status, body = 404, {}
        if mine is None:
            status = 401
        elif not code:
            return Response(
                200, (("Content-Type", "application/json"),), json_bytes([{"code": c} for c in mine])
            )
        elif code in (*rows[FIRST], *rows[SECOND]):
            status, body = 200, {"code": code}
        return Response(status, (("Content-Type", "application/json"),), json_bytes(body))

    now = [1_776_000_000.0]
    report = verify(
        over(LINES, DOCUMENT),
        serve,
        Identities({"main": FIRST, "second": SECOND}),
        Options(live=False, only=("absent_id/foreign",)),
        clock=lambda: now[0],
        sleep=lambda _: None,
        wall=lambda: "2026-04-12T13:20:00Z",
        url="http://127.0.0.1:1",
        timer=lambda: now[0],
    )
    assert [str(finding.rank) for finding in report.findings] == ranks


@pytest.mark.parametrize("second", [42, 17])
def test_what_two_keys_see_of_one_code_is_not_compared(second: int) -> None:
    """Each practice has a service CARD with a price of its own, and the run only reads."""
    prices = {FIRST: 17, SECOND: second}
    answer = SERVICE | {"properties": {"code": TEXT, "price": {"type": "integer"}}}
    document: dict[str, Any] = json.loads(
        json.dumps(DOCUMENT).replace(json.dumps(SERVICE), json.dumps(answer))
    )

    def serve(request: Request) -> Response:
        price = prices.get((request.header("Authorization") or "").rpartition(" ")[2])
        row, status = {"code": "CARD", "price": price}, 401 if price is None else 200
        code = request.target.removeprefix("/services").removeprefix("/")
        if code and code != "CARD":
            status = 404
        body = {} if status != 200 else row if code else [row]
        return Response(status, (("Content-Type", "application/json"),), json_bytes(body))

    now = [1_776_000_000.0]
    report = verify(
        over(LINES, document),
        serve,
        Identities({"main": FIRST, "second": SECOND}),
        Options(live=True),
        clock=lambda: now[0],
        sleep=lambda _: None,
        wall=lambda: "2026-04-12T13:20:00Z",
        url="http://127.0.0.1:1",
        timer=lambda: now[0],
    )
    verdicts = [r.verdict for r in report.results if r.contract.check == "consistent_representations"]
    assert Verdict.KEPT in verdicts
    assert Verdict.BROKEN not in verdicts
