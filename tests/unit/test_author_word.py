"""Lines that an author writes by hand in a short catalogue are firm, without a further key."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pgagents.catalogue.model.model import Model
from pgagents.cli.inputs.catalogue import load_path
from pgagents.verify.run.ledger import find_guesses

STATES = ["open", "working", "done"]
ORDER = {
    "type": "object",
    "required": ["id", "status"],
    "properties": {"id": {"type": "string"}, "status": {"type": "string", "enum": STATES}},
}
PAGE = {
    "type": "object",
    "required": ["items", "next_cursor"],
    "properties": {
        "items": {"type": "array", "items": ORDER},
        "next_cursor": {"type": ["string", "null"]},
    },
}


def answer(schema: Any) -> Any:
    return {"description": "ok", "content": {"application/json": {"schema": schema}}}


def move(name: str) -> Any:
    return {
        "parameters": [{"name": "order_id", "in": "path", "required": True, "schema": {"type": "string"}}],
        "post": {
            "operationId": f"{name}_order",
            "responses": {"200": answer(ORDER), "404": {"description": "-"}, "409": {"description": "-"}},
        },
    }


DOCUMENT = {
    "openapi": "3.1.0",
    "info": {"title": "Orders", "version": "1"},
    "servers": [{"url": "https://orders.example"}],
    "paths": {
        "/orders": {
            "get": {
                "operationId": "list_orders",
                "parameters": [
                    {"name": "cursor", "in": "query", "schema": {"type": "string"}},
                    {"name": "limit", "in": "query", "schema": {"type": "integer", "maximum": 9}},
                ],
                "responses": {"200": answer(PAGE)},
            },
            "post": {"operationId": "create_order", "responses": {"201": answer(ORDER)}},
        },
        "/orders/{order_id}": {
            "parameters": [
                {"name": "order_id", "in": "path", "required": True, "schema": {"type": "string"}}
            ],
            "get": {
                "operationId": "get_order",
                "responses": {"200": answer(ORDER), "404": {"description": "-"}},
            },
        },
        "/orders/{order_id}/start": move("start"),
        "/orders/{order_id}/finish": move("finish"),
    },
}
OWN = {
    "pages": (
        "actions: {list_orders: {pages: {items: response.items, next: response.next_cursor, argument: cursor}}}",  # noqa: E501
        ("actions", "list_orders", "pages"),
    ),
    "moves": (
        "resources: {order: {moves: {finish_order: {from: [open], to: done, otherwise: CONFLICT}}}}",
        ("resources", "order", "moves", "finish_order"),
    ),
    "tenant": ("resources: {order: {tenant: true}}", ("resources", "order", "tenant")),
    "law": (
        "resources: {order: {laws: {same: created.id == read.id}}}",
        ("resources", "order", "laws", "same"),
    ),
}


def read(folder: Path, lines: str) -> Model:
    (folder / "openapi.json").write_text(json.dumps(DOCUMENT))
    path = folder / "pgagents.yaml"
    path.write_text(f"pgagents: 1\nopenapi: ./openapi.json\n{lines}\n")
    return load_path(path)


@pytest.mark.parametrize("own", OWN)
def test_own_line_is_firm(own: str, tmp_path: Path) -> None:
    lines, place = OWN[own]
    model = read(tmp_path, lines)
    assert not find_guesses(model)._is_inferred(place)
    assert not [r for r in model.source.list_remarks() if r.id == "overlay/says-nothing-new"]


def test_a_code_that_the_author_names_is_the_text_in_the_body_once_he_says_where_that_is(
    tmp_path: Path,
) -> None:
    lines = "errors: {{code_at: code, codes: {{{}}}}}"
    named = read(tmp_path, lines.format("CONFLICT: {status: 409}"))
    assert not [r for r in named.source.list_remarks() if r.id == "overlay/says-nothing-new"]
    assert named.codes["CONFLICT"].shown == "CONFLICT"
    unnamed = read(tmp_path, lines.format("GONE: {status: 410}"))
    assert unnamed.codes["CONFLICT"].shown == ""


def test_what_the_import_concluded_is_a_guess(tmp_path: Path) -> None:
    model = read(tmp_path, "")
    guesses = find_guesses(model)
    assert guesses._is_inferred(("actions", "list_orders", "pages"))
    assert model.resources["order"].moves
    assert all(guesses._is_inferred(move.origin) for move in model.resources["order"].moves)


def test_confirmed_moves_are_firm(tmp_path: Path) -> None:
    model = read(tmp_path, "resources: {order: {confirmed: [moves]}}")
    guesses = find_guesses(model)
    assert not any(guesses._is_inferred(move.origin) for move in model.resources["order"].moves)
