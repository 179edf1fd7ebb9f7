"""Gains name a document's own operations: a law, what was inferred or is not known, and what agents lack."""

from __future__ import annotations

from typing import Any

from importing import imported, openapi
from pgagents.importer.inference.gains import list_gains
from test_import_resources import ITEM, answer, by_id, create
from test_import_states import OPEN, act

KIND = {**ITEM, "properties": {**ITEM["properties"], "words": {"type": "string"}, "kind": {"type": "string"}}}
GUESSED = "here that is inferred, and a contradiction is only odd"


def gains(paths: dict[str, Any]) -> list[str]:
    return list(list_gains(imported(openapi(paths)).data))


def test_filter_of_a_list_and_what_was_inferred_are_named() -> None:
    listed = answer({"type": "array", "items": KIND})
    listed["parameters"] = [
        {"name": "words", "in": "query", "schema": {"type": "string"}},
        {"name": "kind", "in": "query", "schema": {"type": "string", "enum": ["a", "b"]}},
    ]
    assert gains(
        {
            "/items": {"get": listed, "post": create(name={"type": "string"})},
            "/items/{item_id}": by_id() | {"get": answer(ITEM), "delete": answer(None, "204")},
        }
    ) == [
        "laws: list_items lists only what has the given kind, as `response.all(one, one.kind == input.kind)`",
        f"resources: item is made by create_item and removed by delete_item; {GUESSED}",
        "agents: what a person is asked before delete_item, and every vendor's manifest",
    ]


def test_ids_that_nothing_gives_come_before_what_was_inferred() -> None:
    assert gains({"/reports/{day}": by_id("day", "string") | {"get": answer({"type": "object"})}}) == [
        "resources: which calls make and list the ids that get_report needs",
        "agents: every vendor's manifest, and what get_report does",
    ]


def test_transitions_are_named() -> None:
    found = gains(
        {
            "/tickets": {"post": create(OPEN, subject={"type": "string"})},
            "/tickets/{id}": by_id("id") | {"get": answer(OPEN)},
            "/tickets/{id}/close": by_id("id") | act(OPEN),
        }
    )
    assert found[0] == f"lifecycles: ticket is moved by close_ticket; {GUESSED}"
