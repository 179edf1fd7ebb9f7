"""Lines of an order that only the order shows: a bicycle workshop of 2026-11-27 kept the total when one went,
and removed any line by any order.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import count
from random import Random
from typing import Any

import pytest

from importing import imported, openapi
from pgagents.base.http import Request, Response, read_json
from pgagents.importer.catalogue import Choice
from pgagents.importer.places import open_source
from shelves import ID, TEXT, described
from small_api import KEY, answer, verified

PRICE = {"type": "number", "minimum": 0, "maximum": 5000}
LINE_SENT = {"type": "object", "required": ["what", "price"], "properties": {"what": TEXT, "price": PRICE}}
LINE = {
    **LINE_SENT,
    "required": ["id", "what", "price"],
    "properties": {"id": TEXT, "what": TEXT, "price": PRICE},
}
ORDER = {
    "type": "object",
    "required": ["id", "note", "total", "lines"],
    "properties": {
        "id": ID,
        "note": TEXT,
        "total": {"type": "number"},
        "lines": {"type": "array", "items": LINE},
    },
}
Row = dict[str, Any]


def document(line_id: Row = TEXT, **more: Any) -> Row:
    def sends(schema: Row) -> Row:
        return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}

    note = {"type": "object", "required": ["note"], "properties": {"note": TEXT}}
    order, line = (
        {"name": f"{noun}_id", "in": "path", "required": True, "schema": id}
        for noun, id in (("order", ID), ("line", line_id))
    )
    line_shown = {**LINE, "properties": {**LINE["properties"], "id": line_id}}
    lines = {"lines": {"type": "array", "items": line_shown}}
    shown = {**ORDER, "properties": {**ORDER["properties"], **lines}}
    several = {"type": "array", "items": shown}
    return openapi(
        {
            "/orders": {
                "get": {"responses": described(200, several)},
                "post": {**sends(note), "responses": described(201, shown)},
            },
            "/orders/{order_id}": {
                "parameters": [order],
                "get": {"operationId": "get_order", "responses": described(200, shown)},
                "delete": {"responses": described(204)},
            },
            "/orders/{order_id}/lines": {
                "parameters": [order],
                "post": {**sends(LINE_SENT), "responses": described(201, shown)},
            },
            "/orders/{order_id}/lines/{line_id}": {
                "parameters": [order, line],
                "delete": {"operationId": "remove_line", "responses": described(200, shown)},
            },
        },
        **more,
    )


def recompute(order: Row, _: float, *, added: bool) -> None:
    del added
    order["total"] = sum(line["price"] for line in order["lines"])


def recompute_when_added(order: Row, price: float, *, added: bool) -> None:
    if added:
        recompute(order, price, added=added)


def add_up(order: Row, price: float, *, added: bool) -> None:
    """The total of all that was ever ordered."""
    order["total"] += price if added else 0


def count_changes(order: Row, _: float, *, added: bool) -> None:
    del added
    order["total"] += 1


def leave(order: Row, _: float, *, added: bool) -> None:
    del order, added


class Orders:
    """Keeps orders with lines. `tally` changes the total; with `strict`, a line is of one order only."""

    def __init__(self, tally: Callable[..., None], *, strict: bool = True, numbers: bool = False) -> None:
        self.tally, self.strict, self._ids = tally, strict, count(2)
        self.numbers, self._random = numbers, Random(1)
        self.name: Callable[[str], Any] = str
        self.orders: dict[str, Row] = {"1": {"id": 1, "note": "a chain", "total": 0, "lines": []}}

    def __call__(self, request: Request) -> Response:
        _, noun, *rest = request.path.split("/")
        order = self.orders.get(rest[0]) if rest else None
        if noun != "orders" or (rest and order is None) or (rest[1:] and rest[1] != "lines"):
            return answer(404, {"detail": "none"})
        body = read_json(request.body or b"{}").value
        given = body if isinstance(body, dict) else {}
        if order is None:
            if request.method == "GET":
                return answer(200, [*self.orders.values()])
            if not isinstance(given.get("note"), str):
                return answer(422, {"detail": "note"})
            number = next(self._ids)
            self.orders[str(number)] = {"id": number, "note": given["note"], "total": 0, "lines": []}
            return answer(201, self.orders[str(number)])
        if not rest[1:]:
            if request.method == "DELETE":
                del self.orders[rest[0]]
                return Response(204)
            return answer(200, order)
        if request.method == "POST":
            what, price = given.get("what"), given.get("price")
            if not isinstance(what, str) or isinstance(price, bool) or not isinstance(price, int | float):
                return answer(422, {"detail": "what or price"})
            if not 0 <= price <= 5000:
                return answer(422, {"detail": "price"})
            id = str(len(order["lines"]) + 1) if self.numbers else f"lin_{self._random.randbytes(6).hex()}"
            order["lines"].append({"id": self.name(id), "what": what, "price": price})
            self.tally(order, price, added=True)
            return answer(201, order)
        for one in [order] if self.strict else self.orders.values():
            for line in one["lines"]:
                if str(line["id"]) == rest[2]:
                    one["lines"].remove(line)
                    self.tally(one, line["price"], added=False)
                    return answer(200, order)
        return answer(404, {"detail": "none"})


@pytest.mark.parametrize(
    ("orders", "tallied", "elsewhere"),
    [
        pytest.param(Orders(recompute), "kept", "kept", id="right"),
        pytest.param(Orders(recompute_when_added), "odd", "kept", id="stale total"),
        pytest.param(Orders(add_up), "untested", "kept", id="all that was ever ordered"),
        pytest.param(Orders(count_changes), "untested", "kept", id="number of changes"),
        pytest.param(Orders(leave), "untested", "kept", id="a total of something else"),
        pytest.param(Orders(recompute, strict=False), "kept", "odd", id="lines of any order"),
        pytest.param(Orders(recompute, numbers=True), "kept", "untested", id="the same number elsewhere"),
    ],
)
def test_parts_that_only_their_whole_shows(orders: Orders, tallied: str, elsewhere: str) -> None:
    report = verified(imported(document()).model, orders, keys={}, allow_writes=True, only=("nesting",))
    found = {
        r.contract.id: (r.verdict.value, r.reason) for r in report.results if r.contract.check == "nesting"
    }
    verdicts = {id.split("/")[1]: verdict for id, (verdict, _) in found.items()}
    assert verdicts == {"tallied": tallied, "elsewhere": elsewhere}, found
    assert [*orders.orders] == ["1"]


def test_no_id_of_a_line_is_sent_for_an_order() -> None:
    """A list of each line is the read of an order, and the number of a line may be another's order."""
    orders, numbers = Orders(recompute), count(5001)
    orders.name = lambda _: next(numbers)
    schemes = {"key": {"type": "http", "scheme": "bearer"}}
    secured = document(ID, components={"securitySchemes": schemes}, security=[{"key": []}])
    made = imported(secured, Choice(second=True), offering=False)
    places = made.places, made.schemes, made.bases
    model = replace(made.model, source=open_source(made.document, "openapi.json", made.data, *places))
    asked: list[str] = []

    def noted(request: Request) -> Response:
        asked.append(request.path)
        return orders(request)

    keys = {"main": KEY, "second": "key-of-bo"}
    verified(model, noted, keys=keys, allow_writes=True, only=("project_isolation",))
    assert next(numbers) > 5001
    assert [path for path in asked if path.startswith("/orders/50") and path.count("/") == 2] == []
