"""A kind that the import only finds in a list: where the run made every row of it, those rows are used."""

from __future__ import annotations

from itertools import count
from typing import Any

from importing import answering, imported, openapi, taking
from pgagents.base.http import Request, Response, read_json
from pgagents.catalogue.model.model import Model
from small_api import KEY, accepting, answer, verified

TEXT = {"type": "string", "minLength": 1, "maxLength": 60}
STATES = ["open", "cancelled"]


def thing(**members: Any) -> dict[str, Any]:
    return {"type": "object", "required": ["id", *members], "properties": {"id": TEXT, **members}}


def new(*members: str, **optional: Any) -> dict[str, Any]:
    needed = dict.fromkeys(members, TEXT)
    return taking({"type": "object", "required": [*members], "properties": {**needed, **optional}})


def refusing(schema: dict[str, Any], status: str = "200") -> dict[str, Any]:
    refused = {code: {"description": "Refused"} for code in ("401", "404", "409", "422")}
    return {status: answering(schema)["200"], **refused}


def workshop(*, moves: bool = False) -> Model:
    """A document of customers, bikes below them without a path of their own, and orders that name a bike.

    `moves`: only what needs an open order documents a conflict, so that an import knows the move.
    """
    customer, bike = thing(name=TEXT), thing(brand=TEXT, customer_id=TEXT)
    lines = {"type": "array", "items": TEXT}
    order = thing(bike_id=TEXT, status={"type": "string", "enum": STATES}, lines=lines)
    kinds = {"/customers": ("customer", customer, new("name")), "/orders": ("order", order, new("bike_id"))}
    paths: dict[str, Any] = {}
    for at, (name, schema, body) in kinds.items():
        named = {"name": f"{name}_id", "in": "path", "required": True, "schema": TEXT}
        every = {"type": "array", "items": schema}
        paths[at] = {
            "get": {"operationId": f"list_{name}s", "responses": refusing(every)},
            "post": {
                "operationId": f"create_{name}",
                "requestBody": body,
                "responses": refusing(schema, "201"),
            },
        }
        one = {"operationId": f"get_{name}", "responses": refusing(schema)}
        paths[f"{at}/{{{name}_id}}"] = {"parameters": [named], "get": one}
    owner = {"name": "customer_id", "in": "path", "required": True, "schema": TEXT}
    bikes = {"type": "array", "items": bike}
    paths["/customers/{customer_id}/bikes"] = {
        "parameters": [owner],
        "get": {"operationId": "list_bikes", "responses": refusing(bikes)},
        "post": {
            "operationId": "add_bike",
            "requestBody": new("brand", frame=TEXT),
            "responses": refusing(bike, "201"),
        },
    }
    named = {"name": "order_id", "in": "path", "required": True, "schema": TEXT}
    cancel = {
        "operationId": "cancel_order",
        "parameters": [named],
        "responses": refusing(order),
    }
    paths["/orders/{order_id}/cancel"] = {"post": cancel}
    line = {"operationId": "add_line", "parameters": [named], "requestBody": new("what")}
    paths["/orders/{order_id}/lines"] = {"post": {**line, "responses": refusing(order, "201")}}
    for operation in (one for item in paths.values() for one in item.values() if isinstance(one, dict)):
        if moves and operation["operationId"] not in ("cancel_order", "add_line"):
            del operation["responses"]["409"]
    scheme = {"key": {"type": "http", "scheme": "bearer"}}
    return imported(openapi(paths, components={"securitySchemes": scheme}, security=[{"key": []}])).model


class Workshop:
    """Serves that document from nothing, and is right."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, Any]] = {"customers": {}, "bikes": {}, "orders": {}}
        self.may, self._ids = accepting(KEY), count(1)

    def __call__(self, request: Request) -> Response:
        if not self.may(request):
            return answer(401, {})
        match request.method, *request.path.strip("/").split("/"):
            case "GET", "customers" | "orders" as kind:
                return answer(200, [*self.rows[kind].values()])
            case "POST", "customers":
                return self.make(request, "customers", "name")
            case "POST", "orders":
                return self.make(request, "orders", "bike_id", status="open", lines=[])
            case "GET", "customers" | "orders" as kind, id if id in self.rows[kind]:
                return answer(200, self.rows[kind][id])
            case "GET", "customers", id, "bikes" if id in self.rows["customers"]:
                return answer(200, [b for b in self.rows["bikes"].values() if b["customer_id"] == id])
            case "POST", "customers", id, "bikes" if id in self.rows["customers"]:
                return self.make(request, "bikes", "brand", customer_id=id)
            case "POST", "orders", id, "cancel" | "lines" as act if id in self.rows["orders"]:
                return self.change(request, self.rows["orders"][id], ends=act == "cancel")
        return answer(404, {})

    def make(self, request: Request, kind: str, member: str, **more: Any) -> Response:
        body = read_json(request.body).value
        texts = {**body, member: body.get(member)} if isinstance(body, dict) else {"": None}
        if not all(isinstance(value, str) and 0 < len(value) <= 60 for value in texts.values()):
            return answer(422, {})
        if member == "bike_id" and body[member] not in self.rows["bikes"]:
            return answer(409, {})
        id = f"{kind[0]}{next(self._ids)}"
        self.rows[kind][id] = {"id": id, member: body[member], **more}
        return answer(201, self.rows[kind][id])

    def change(self, request: Request, order: dict[str, Any], *, ends: bool) -> Response:
        body = {} if ends else read_json(request.body).value
        what = "-" if ends else body.get("what") if isinstance(body, dict) else None
        if not isinstance(what, str) or not 0 < len(what) <= 60:
            return answer(422, {})
        if order["status"] == "cancelled":
            return answer(409, {})
        if ends:
            order["status"] = "cancelled"
        else:
            order["lines"].append(what)
        return answer(200 if ends else 201, order)


def test_a_bike_that_the_run_made_is_named_where_lists_show_no_other():
    report = verified(workshop(), Workshop(), allow_writes=True)
    reasons = {result.reason for result in report.results}
    assert not [reason for reason in reasons if reason.startswith("list_bikes answered no bike")]


def test_an_order_that_was_cancelled_is_told_once():
    report = verified(workshop(moves=True), Workshop(), allow_writes=True)
    assert [line for line in report.footer.lasting if "× order (ended by cancel_order" in line]
    assert [line for line in report.footer.left_behind if line.startswith("order")] == []
