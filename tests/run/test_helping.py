"""A create that is refused because of what it names is sent again after another call about that."""

from __future__ import annotations

import json
from itertools import count
from typing import Any

import pytest

from importing import answering, imported, openapi, taking
from pgagents.base.http import Request, Response
from pgagents.report.contract import Verdict
from small_api import answer, verified

TEXT = {"type": "string", "minLength": 1, "maxLength": 40}
ID = {"type": "string"}
PRODUCT = {"type": "object", "required": ["id", "name"], "properties": {"id": ID, "name": TEXT}}
HOLD = {"type": "object", "required": ["id", "productId"], "properties": {"id": ID, "productId": ID}}
NEEDED = {"type": "object", "required": ["productId"], "properties": {"productId": TEXT}}
NEW = {"type": "object", "required": ["name"], "properties": {"name": TEXT}}
REFUSED = {"400": {"description": "Wrong"}, "404": {"description": "Not there"}}
CONFLICT = {"409": {"description": "Not so many"}}


def operation(status: str, schema: Any = None, *, body: Any = None, **responses: Any) -> dict[str, Any]:
    done = {status: answering(schema)["200"]} if schema else {status: {"description": "Done"}}
    return {
        "responses": {**done, **REFUSED, **responses},
        **({"requestBody": taking(body)} if body is not None else {}),
    }


def by(name: str) -> list[dict[str, Any]]:
    return [{"name": name, "in": "path", "required": True, "schema": TEXT}]


DOCUMENT = openapi(
    {
        "/products": {"post": operation("201", PRODUCT, body=NEW)},
        "/products/{product_id}": {
            "parameters": by("product_id"),
            "get": operation("200", PRODUCT),
            "delete": operation("204"),
        },
        "/movements": {"post": operation("201", HOLD, body=NEEDED, **CONFLICT)},
        "/holds": {"post": operation("201", HOLD, body=NEEDED, **CONFLICT)},
        "/holds/{hold_id}": {
            "parameters": by("hold_id"),
            "get": operation("200", HOLD),
            "delete": operation("204"),
        },
    }
)


class Stock:
    """Refuses a hold of a product of which nothing is there, and always if it is `closed`."""

    def __init__(self, *, closed: bool) -> None:
        self.closed, self.ids = closed, count(1)
        self.rows: dict[str, dict[str, dict[str, str]]] = {"products": {}, "holds": {}}
        self.stock: dict[str, int] = {}
        self.booked = self.held = 0

    def __call__(self, request: Request) -> Response:
        kind, _, id = request.path.strip("/").partition("/")
        if request.method == "POST":
            return self._make(kind, request)
        rows = self.rows.get(kind, {})
        if id not in rows:
            return answer(404, {"detail": "none"})
        return Response(204) if request.method == "DELETE" and rows.pop(id) else answer(200, rows[id])

    def _make(self, kind: str, request: Request) -> Response:
        try:
            given = json.loads(request.body)
        except ValueError:
            given = None
        key = "name" if kind == "products" else "productId"
        text = given.get(key) if isinstance(given, dict) else None
        if not isinstance(text, str) or not 1 <= len(text) <= 40:
            return answer(400, {"detail": "wrong"})
        if kind != "products" and text not in self.rows["products"]:
            return answer(404, {"detail": "none"})
        if kind == "movements":
            self.booked, self.stock[text] = self.booked + 1, self.stock.get(text, 0) + 1
            return answer(201, {"id": f"m{next(self.ids)}", "productId": text})
        if kind == "holds":
            if self.closed or self.stock.get(text, 0) < 1:
                return answer(409, {"detail": "not so many"})
            self.held, self.stock[text] = self.held + 1, self.stock[text] - 1
        row = {"id": f"{kind[0]}{next(self.ids)}", key: text}
        self.rows[kind][row["id"]] = row
        return answer(201, row)


@pytest.mark.parametrize("closed", [False, True], ids=["in stock", "closed"])
def test_a_create_that_another_call_makes_possible_is_sent_after_it(closed: bool) -> None:
    server = Stock(closed=closed)
    only = ("removals",)
    report = verified(imported(DOCUMENT).model, server, keys={}, allow_writes=True, only=only)
    found = {r.contract.id: r.verdict for r in report.results if r.contract.check == "removals"}
    expected = Verdict.UNTESTED if closed else Verdict.KEPT
    assert found["removals/hold/get_hold@rest"] is expected
    assert found["removals/product/get_product@rest"] is Verdict.KEPT
    assert (server.held > 0) is not closed
    assert server.booked <= 4, "no more than help, and the one of the check itself"
    assert server.rows == {"products": {}, "holds": {}}


def test_the_call_that_helped_is_sent_wherever_the_create_is_refused_again() -> None:
    server = Stock(closed=False)
    report = verified(imported(DOCUMENT).model, server, keys={}, allow_writes=True)
    refused = [r for r in report.results if "no hold" in r.reason]
    assert server.held > 3
    assert not refused
