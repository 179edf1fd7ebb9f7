"""Paths that end with the format, as in documents of Rails: `/products.json` and `/products/{id}.json`."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import pytest

from importing import imported, openapi
from pgagents.base.http import Request, Response, json_bytes, read_json
from pgagents.catalogue.model.model import Model
from pgagents.report.contract import Verdict
from pgagents.verify.plan.options import Identities, Options
from pgagents.verify.run.run import verify
from verifying import ids

TITLE = {"type": "string", "minLength": 1, "maxLength": 50}
PRODUCT = {
    "type": "object",
    "required": ["id", "title"],
    "properties": {"id": {"type": "integer"}, "title": TITLE},
}
ENDING = re.compile(r"/products(?:/(\d+))?\.json$")


def says(status: str, schema: dict[str, Any] | None = None) -> dict[str, Any]:
    content = {"content": {"application/json": {"schema": schema}}} if schema is not None else {}
    refused = {str(other): {"description": "No"} for other in (400, 404)}
    return {"responses": {status: {"description": "So", **content}, **refused}}


@cache
def model(shows: bool) -> Model:
    body = {"type": "object", "required": ["title"], "properties": {"title": TITLE}}
    sent = {"requestBody": {"required": True, "content": {"application/json": {"schema": body}}}}
    id = {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}
    listed = {"type": "object", "properties": {"products": {"type": "array", "items": PRODUCT}}}
    paths = {
        "/products.json": {
            "get": says("200", listed),
            "post": {**sent, **says("201", PRODUCT if shows else None)},
        },
        "/products/{id}.json": {
            "parameters": [id],
            "get": says("200", PRODUCT),
            "put": {**sent, **says("200", PRODUCT)},
            "delete": says("204"),
        },
    }
    return imported(openapi(paths)).model


class Products:
    def __init__(self, location: str, *, stays: bool = False) -> None:
        self.rows: dict[int, str] = {1: "a lamp of others", 2: "a chair of others"}
        self.location, self.stays, self.made = location, stays, 0

    def __call__(self, request: Request) -> Response:
        found = ENDING.match(request.target.partition("?")[0])
        if found is None or (found[1] and int(found[1]) not in self.rows):
            return self._say(404)
        id = int(found[1] or 0)
        if request.method == "GET":
            return self._say(200, self._show(id) if id else {"products": [*map(self._show, self.rows)]})
        if request.method == "DELETE" and id:
            if not self.stays:
                del self.rows[id]
            return Response(204, (), b"")
        body = read_json(request.body or b"").value
        title = body.get("title") if isinstance(body, dict) else None
        if not isinstance(title, str) or not 1 <= len(title) <= 50:
            return self._say(400)
        if request.method == "PUT" and id:
            self.rows[id] = title
            return self._say(200, self._show(id))
        self.made += 1
        self.rows[new := 100 + self.made] = title
        if self.location:
            return Response(201, (("Location", self.location.format(new)),), b"")
        return self._say(201, self._show(new))

    def _show(self, id: int) -> dict[str, Any]:
        return {"id": id, "title": self.rows[id]}

    def _say(self, status: int, body: Any = None) -> Response:
        return Response(status, (("Content-Type", "application/json"),), json_bytes(body or {"error": "no"}))


def run(products: Products) -> Any:
    return verify(
        model(not products.location), products, Identities({}), Options(live=False, allow_writes=True),
        clock=lambda: 0.0, sleep=lambda _: None, wall=lambda: "2026-04-12T13:20:00Z",
        url="http://127.0.0.1:1",
    )  # fmt: skip


@pytest.mark.parametrize("location", ["", "/products/{}.json", "/products/{}"])
def test_an_id_before_the_format_names_an_instance(location: str) -> None:
    products = Products(location)
    report = run(products)
    assert [f.contract.id for f in report.findings if not f.is_mild] == []
    assert products.rows == {1: "a lamp of others", 2: "a chair of others"}
    assert products.made
    kept = {id.partition("/")[0] for id in ids(report, Verdict.KEPT)}
    assert kept >= {"removals", "read_after_write", "partial_changes"}


def test_what_a_removal_leaves_is_found() -> None:
    report = run(Products("", stays=True))
    assert "removals" in {f.contract.check for f in report.findings}
