"""A short catalogue says which line a removal names. The path's document says only that it is text."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest

from importing import answering, openapi, taking
from overlaying import over
from pgagents.base.http import Request, Response, read_json
from pgagents.report.contract import Verdict
from small_api import answer, verified

TEXT = {"type": "string", "minLength": 1, "maxLength": 40}
CATALOGUE = """
resources:
  line:
    within: order
    found_by: {action: get_order, input: {order_id: "=order.id"}, at: response.lines}
    made_by:
      action: add_line
      input: {order_id: "=order.id", what: "=fresh.text"}
      at: "response.lines[-1]"
    undone_by: {action: remove_line, input: {order_id: "=order.id", line_id: "=resource.id"}}
"""


def thing(**members: Any) -> dict[str, Any]:
    return {"type": "object", "required": ["id", *members], "properties": {"id": TEXT, **members}}


def document(*, states: bool = False) -> dict[str, Any]:
    state = {"state": {"type": "string", "enum": ["draft", "closed"]}} if states else {}
    order = thing(name=TEXT, lines={"type": "array", "items": thing(what=TEXT)}, **state)
    refused = {str(code): {"description": "Refused"} for code in (404, 409, 422)[:: 1 if states else 2]}

    def call(name: str, status: int, schema: Any = None, *, body: str = "", at: str = "") -> dict[str, Any]:
        content = answering(schema)["200"] if schema else {"description": "Gone"}
        sent = {"requestBody": taking({"type": "object", "required": [body], "properties": {body: TEXT}})}
        named = [{"name": one, "in": "path", "required": True, "schema": TEXT} for one in at.split()]
        told = {str(status): content, **refused}
        return {"operationId": name, "parameters": named, "responses": told, **(sent if body else {})}

    return openapi(
        {
            "/orders": {
                "get": call("list_orders", 200, {"type": "array", "items": order}),
                "post": call("create_order", 201, order, body="name"),
            },
            "/orders/{order_id}": {
                "get": call("get_order", 200, order, at="order_id"),
                "delete": call("delete_order", 204, at="order_id"),
            },
            "/orders/{order_id}/lines": {"post": call("add_line", 201, order, body="what", at="order_id")},
            "/orders/{order_id}/lines/{line_id}": {
                "delete": call("remove_line", 204, at="order_id line_id"),
                **(
                    {"put": call("change_line", 200, order, body="what", at="order_id line_id")}
                    if states
                    else {}
                ),
            },
            **(
                {"/orders/{order_id}/close": {"post": call("close_order", 200, order, at="order_id")}}
                if states
                else {}
            ),
        }
    )


def test_a_removal_names_the_line_that_the_catalogue_says() -> None:
    orders: dict[str, dict[str, Any]] = {}
    numbers = count(1)

    def serve(request: Request) -> Response:
        _, *steps = request.path.split("/")
        order = orders.get(steps[1]) if len(steps) > 1 else None
        if len(steps) > 1 and order is None:
            return answer(404, {})
        if request.method == "GET":
            return answer(200, order or [*orders.values()])
        if request.method == "DELETE":
            lines = [line for line in order["lines"] if line["id"] != steps[-1]] if order else []
            if len(steps) == 2:
                del orders[steps[1]]
            elif order and len(lines) == len(order["lines"]):
                return answer(404, {})
            elif order:
                order["lines"] = lines
            return Response(204, (), b"")
        body, member = read_json(request.body).value, "what" if order else "name"
        text = body.get(member) if isinstance(body, dict) else None
        if not isinstance(text, str) or not 0 < len(text) <= 40:
            return answer(422, {})
        new = {"id": f"x{next(numbers)}", member: text}
        if order:
            order["lines"].append(new)
        return answer(201, order or orders.setdefault(new["id"], {**new, "lines": []}))

    report = verified(over(CATALOGUE, document()), serve, allow_writes=True, only=("valid_calls", "honours"))
    removal = {r.contract.id: r for r in report.results if "remove_line@rest" in r.contract.id}
    assert removal["valid_calls/ordinary/remove_line@rest"].verdict is Verdict.KEPT
    assert not report.findings


STATES = """
actions: {change_line: {input: {line_id: {refers_to: line}}}}
errors: {codes: {CONFLICT: {status: 409, meaning: "Not now"}}}
resources:
  line:
    within: order
    missing: NOT_FOUND
    made_by: {action: add_line, input: {order_id: "=order.id", what: "=fresh.text"}, at: "response.lines[-1]"}
  order:
    state: state
    states: [draft, closed]
    initial: draft
    moves:
      close_order: {from: [draft], to: closed, otherwise: CONFLICT, has: {line: CONFLICT}}
      change_line: {from: [draft], otherwise: CONFLICT%s}
"""


@pytest.mark.parametrize("minds", [True, False])
@pytest.mark.parametrize("given", ["", ', input: {line_id: "=resource.lines[0].id"}'])
def test_a_line_of_another_order_says_nothing_of_the_state_of_this_one(given: str, minds: bool) -> None:
    """An equipment rental's catalogue of 2026-11-29 gave the line, which went astray: 404 came before 409."""
    orders: dict[str, dict[str, Any]] = {}
    numbers = count(1)

    def serve(request: Request) -> Response:
        _, *steps = request.path.split("/")
        order = orders.get(steps[1]) if len(steps) > 1 else None
        if len(steps) > 1 and order is None:
            return answer(404, {})
        if request.method == "GET":
            return answer(200, order or [*orders.values()])
        if order and request.method == "DELETE":
            del orders[steps[1]]
            return Response(204, (), b"")
        if order and steps[-1] == "close":
            if order["state"] != "draft" or not order["lines"]:
                return answer(409, {})
            order["state"] = "closed"
            return answer(200, order)
        line = [one for one in order["lines"] if one["id"] == steps[-1]] if order else []
        body = read_json(request.body).value
        member = "what" if order else "name"
        text = body.get(member) if isinstance(body, dict) else None
        if order and request.method == "PUT" and not line:
            return answer(404, {})
        if order and order["state"] != "draft" and (minds or request.method == "POST"):
            return answer(409, {})
        if not isinstance(text, str) or not 0 < len(text) <= 40:
            return answer(422, {})
        if line:
            line[0]["what"] = text
            return answer(200, order)
        new = {"id": f"x{next(numbers)}", member: text}
        if order:
            order["lines"].append(new)
        return answer(201, order or orders.setdefault(new["id"], {**new, "lines": [], "state": "draft"}))

    model = over(STATES % given, document(states=True))
    report = verified(
        model, serve, allow_writes=True, allow=("add_line",), only=("state_transitions", "valid_calls")
    )
    [found] = [
        r for r in report.results if r.contract.id == "state_transitions/order/closed/change_line@rest"
    ]
    assert found.verdict is (Verdict.UNTESTED if not given else Verdict.KEPT if minds else Verdict.BROKEN), (
        found.reason
    )
