"""Whole numbers are written without a decimal point, which a strict server refuses."""

from __future__ import annotations

import json
from functools import cache
from itertools import count
from typing import Any

import pytest

from importing import imported, openapi
from pgagents.base.http import Request, Response, json_bytes
from pgagents.catalogue.model.model import Model
from pgagents.report.report import Report
from pgagents.verify.plan.options import Identities, Options
from pgagents.verify.run.run import verify
from pgagents.verify.values.schema_values import high, low

LAST = 2**63 - 1
ORDINARY = ("valid_calls/", "read_after_write/", "removals/", "honours_manifest/accepts/create_order@rest")


@cache
def model() -> Model:
    """Return the catalogue of orders, whose document has a float as bound, default and example."""
    amount = {
        "type": "integer", "minimum": 1.0, "maximum": 1000.0, "default": 3.0, "examples": [5.0]
    }  # fmt: skip
    members = {"reason": {"type": "string", "minLength": 1, "maxLength": 80}, "amount": amount}
    order = {"type": "object", "properties": members, "required": ["reason", "amount"]}
    shown = {**order, "properties": {"id": {"type": "string"}, **members}, "required": ["id", *members]}

    def answers(*statuses: str, **schemas: Any) -> dict[str, Any]:
        plain = {status: {"description": status} for status in statuses}
        content = {f"{s[1:]}": {"description": "An order", "content": {"application/json": {"schema": v}}}
                   for s, v in schemas.items()}  # fmt: skip
        return {**content, **plain}

    create = {
        "operationId": "createOrder", "summary": "Order", "responses": answers("422", _201=shown),
        "requestBody": {"required": True, "content": {"application/json": {"schema": order}}},
    }  # fmt: skip
    id = {"name": "order_id", "in": "path", "required": True, "schema": {"type": "string"}}
    get = {
        "operationId": "getOrder", "summary": "Get", "responses": answers("404", _200=shown),
        "parameters": [id],
    }  # fmt: skip
    remove = {
        "operationId": "deleteOrder", "summary": "Remove", "responses": answers("404", "204"),
        "parameters": [id],
    }  # fmt: skip
    return imported(
        openapi({"/orders": {"post": create}, "/orders/{order_id}": {"get": get, "delete": remove}})
    ).model


def run(**options: Any) -> Report:
    """Verify a server that refuses 3.0 for an integer, as Go, Rust and .NET do."""
    rows: dict[str, Any] = {}
    ids, now = count(1), [1_776_000_000.0]

    def is_right(given: Any) -> bool:
        if not isinstance(given, dict) or not isinstance(given.get("reason"), str):
            return False
        amount = given.get("amount")
        whole = isinstance(amount, int) and not isinstance(amount, bool)
        return whole and 1 <= amount <= 1000 and 1 <= len(given["reason"]) <= 80

    def server(request: Request) -> Response:
        id = request.path.rpartition("/")[2]
        header = (("Content-Type", "application/json"),)
        if request.method == "POST" and request.path == "/orders":
            try:
                given = json.loads(request.body, parse_constant=str)
            except ValueError:
                return Response(422, header, b"{}")
            if not is_right(given):
                return Response(422, header, b"{}")
            id = f"x{next(ids)}"
            rows[id] = {"id": id, "reason": given["reason"], "amount": given["amount"]}
            return Response(201, header, json_bytes(rows[id]))
        if request.path == "/orders" or request.method not in ("GET", "DELETE"):
            return Response(405, (("Allow", "GET"), *header), b"{}")
        if id not in rows:
            return Response(404, header, b"{}")
        if request.method == "DELETE":
            del rows[id]
            return Response(204)
        return Response(200, header, json_bytes(rows[id]))

    return verify(
        model(), server, Identities({}), Options(allow_writes=True, **options),
        clock=lambda: now[0], sleep=lambda _: None, wall=lambda: "2026-04-12T13:20:00Z",
        url="http://127.0.0.1:1", timer=lambda: now[0],
    )  # fmt: skip


@pytest.mark.parametrize("seed", [0, *(pytest.param(n, marks=pytest.mark.matrix) for n in range(1, 6))])
def test_a_strict_server_is_right(seed: int) -> None:
    report = run(seed=seed, only=ORDINARY if seed == 0 else ())
    assert (report.findings, report.exit_code) == ((), 0)


@pytest.mark.parametrize(
    ("schema", "least", "most"),
    [
        ({"minimum": 1.0, "maximum": 9.0}, 1, 9),
        ({"minimum": 0.5, "maximum": 9.5}, 1, 9),
        ({"minimum": 0, "maximum": float(LAST)}, 0, LAST - 1023),
    ],
)
def test_the_ends_of_a_whole_number_are_inside_its_bounds(
    schema: dict[str, Any], least: int, most: int
) -> None:
    schema = {"type": "integer", **schema}
    assert (low(schema, {}), high(schema, {})) == (least, most)
    assert isinstance(high(schema, {}), int)
