"""A removal names a line of the run's own: by the document, whose create answers it, or by a catalogue."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest

from importing import answering, imported, openapi, taking
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


class Orders:
    """A server of orders with lines; a closed order takes no new line, and if it `minds`, no other text."""

    def __init__(self, *, minds: bool = True) -> None:
        self.minds, self.orders = minds, dict[str, dict[str, Any]]()
        self.numbers = count(1)

    def __call__(self, request: Request) -> Response:
        _, *steps = request.path.split("/")
        order = self.orders.get(steps[1]) if len(steps) > 1 else None
        if len(steps) > 1 and order is None:
            return answer(404, {})
        if request.method == "GET":
            return answer(200, order or [*self.orders.values()])
        if order is None:
            return self.make(request)
        line = next((one for one in order["lines"] if one["id"] == steps[-1]), None)
        if request.method == "DELETE":
            return self.remove(order, line, whole=len(steps) == 2)
        if steps[-1] == "close":
            return self.close(order)
        if request.method == "PUT" and line is None:
            return answer(404, {})
        if order["state"] != "draft" and (self.minds or line is None):
            return answer(409, {})
        text = self.text(request, "what")
        if text is None:
            return answer(422, {})
        if line is None:
            order["lines"].append({"id": f"x{next(self.numbers)}", "what": text})
        else:
            line["what"] = text
        return answer(201 if line is None else 200, order)

    def text(self, request: Request, member: str) -> str | None:
        body = read_json(request.body).value
        text = body.get(member) if isinstance(body, dict) else None
        return text if isinstance(text, str) and 0 < len(text) <= 40 else None

    def make(self, request: Request) -> Response:
        name, id = self.text(request, "name"), f"x{next(self.numbers)}"
        if name is None:
            return answer(422, {})
        self.orders[id] = {"id": id, "name": name, "lines": [], "state": "draft"}
        return answer(201, self.orders[id])

    def remove(self, order: dict[str, Any], line: dict[str, Any] | None, *, whole: bool) -> Response:
        if whole:
            del self.orders[order["id"]]
        elif line is None:
            return answer(404, {})
        else:
            order["lines"].remove(line)
        return Response(204, (), b"")

    def close(self, order: dict[str, Any]) -> Response:
        if order["state"] != "draft" or not order["lines"]:
            return answer(409, {})
        order["state"] = "closed"
        return answer(200, order)


def test_a_removal_names_the_line_that_the_catalogue_says() -> None:
    model = over(CATALOGUE, document())
    report = verified(model, Orders(), allow_writes=True, only=("valid_calls", "honours"))
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
    model, only = over(STATES % given, document(states=True)), ("state_transitions", "valid_calls")
    report = verified(model, Orders(minds=minds), allow_writes=True, allow=("add_line",), only=only)
    [found] = [
        r for r in report.results if r.contract.id == "state_transitions/order/closed/change_line@rest"
    ]
    told = Verdict.KEPT if minds else Verdict.BROKEN
    assert found.verdict is (told if given else Verdict.UNTESTED), found.reason


def answering_the_line() -> dict[str, Any]:
    """Return the document of a server whose create of a line answers the line alone."""
    given = document()
    line = given["paths"]["/orders"]["post"]["responses"]["201"]["content"]["application/json"]["schema"]
    told = given["paths"]["/orders/{order_id}/lines"]["post"]["responses"]
    told["201"] = answering(line["properties"]["lines"]["items"])["200"]
    return given


class AnsweringLines(Orders):
    def __call__(self, request: Request) -> Response:
        found = super().__call__(request)
        made = request.method == "POST" and request.path.endswith("/lines") and found.status == 201
        return answer(201, read_json(found.body).value["lines"][-1]) if made else found


@pytest.mark.parametrize(
    ("described", "server", "at"),
    [(document(), Orders(), "response.lines[-1]"), (answering_the_line(), AnsweringLines(), None)],
)
def test_a_document_tells_of_a_line_that_no_read_shows_alone(
    described: dict[str, Any], server: Orders, at: str | None
) -> None:
    made = imported(described)
    line = made.data["resources"]["line"]
    assert line["made_by"].get("at") == at
    assert line["listed_by"]["at"] == "response.lines"
    report = verified(made.model, server, allow_writes=True)
    found = {r.contract.id: r.verdict for r in report.results}
    assert found["valid_calls/ordinary/remove_line@rest"] is Verdict.KEPT
    assert found["removals/listed/line/get_order@rest"] is Verdict.KEPT
    assert [f for f in report.findings if "line" in f.contract.id] == []


def test_a_line_that_stays_in_its_order_is_told() -> None:
    class Keeping(Orders):
        def remove(self, order: dict[str, Any], line: dict[str, Any] | None, *, whole: bool) -> Response:
            if whole or line is None:
                return super().remove(order, line, whole=whole)
            return Response(204, (), b"")

    alarm = verified(imported(document()).model, Keeping(), allow_writes=True).footer.alarm
    assert alarm is not None
    assert (alarm.verdict, alarm.calls[0].action) == ("missed", "remove_line")


def test_a_part_that_nothing_removes_is_no_resource() -> None:
    given = document()
    del given["paths"]["/orders/{order_id}/lines/{line_id}"]["delete"]
    given["paths"]["/orders/{order_id}/lines/{line_id}"]["put"] = {
        **given["paths"]["/orders/{order_id}/lines"]["post"],
        "operationId": "change_line",
        "parameters": [
            {"name": name, "in": "path", "required": True, "schema": TEXT} for name in ("order_id", "line_id")
        ],
    }
    assert "line" not in imported(given).data["resources"]


def test_the_id_of_a_line_is_read_in_the_list_of_the_order_that_its_create_answers() -> None:
    """Invoices of a co-working space in Quart (2026-11-29) have an `id`, and their lines a `line_no`."""
    given = document()
    lines = given["paths"]["/orders/{order_id}/lines"]
    shown = lines["post"]["responses"]["201"]["content"]["application/json"]["schema"]["properties"]
    item = shown["lines"]["items"]["properties"]
    item["line_no"] = item.pop("id")
    shown["lines"]["items"]["required"] = ["line_no", "what"]
    removal = given["paths"].pop("/orders/{order_id}/lines/{line_id}")
    removal["delete"]["parameters"][1]["name"] = "line_no"
    given["paths"]["/orders/{order_id}/lines/{line_no}"] = removal
    line = imported(given).data["resources"]["line"]
    assert (line["id"], line["made_by"]["at"]) == ("line_no", "response.lines[-1]")
