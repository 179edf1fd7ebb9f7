"""A member of any name is a member: no walk over a schema takes it for a keyword."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from pgagents.base.jsonschema.direction import OneWay
from pgagents.base.jsonschema.schema import REF, count_tries, refs
from pgagents.base.jsonschema.walk import HOLDING, children, count_steps, rewrite, walk
from pgagents.base.places import Node, plain
from pgagents.catalogue.language.schemas import schema_node
from pgagents.diff.inclusion import close_objects
from pgagents.diff.schemas import bare, turn_schema
from pgagents.generate.dialect import MCP, OPENAI_STRICT
from pgagents.generate.lower import lower
from pgagents.generate.targets.mcp.tools import _without_required
from pgagents.generate.targets.openai.openapi import transform, with_properties
from pgagents.importer.alternatives import write_alternatives
from pgagents.importer.overlay.merge import is_schema
from pgagents.lint.importers.gpt_builder_import import circular
from pgagents.lint.importers.gpt_builder_import import walk as read_as_builder
from pgagents.lint.packages.judges.agentcore import _compositions
from pgagents.lint.packages.judges.cowork import _find_reference
from pgagents.lint.packages.portal_tools import _arguments
from pgagents.lint.tools.tool_judge import parts
from pgagents.verify.projections import read_as_2020
from pgagents.verify.tools import inline_references
from pgagents.verify.values.bounds import count_places, reduce

PLAIN = "zzz"
OTHERS = (
    "$ref", "format", "enum", "const", "default", "type", "required", "discriminator", "examples", "example",
    "readOnly", "description", "minItems", "schemas", "events", "x-other-keywords",
)  # fmt: skip
NAMES = tuple(dict.fromkeys((*HOLDING, *OTHERS)))


def node(value: Any) -> Any:
    """Return a value with each mapping as a Node."""
    if isinstance(value, dict):
        return Node({key: node(inner) for key, inner in value.items()}, origin=("schemas", "A"))
    return [node(inner) for inner in value] if isinstance(value, list) else value


def make(name: str) -> Any:
    """Return a schema whose members, at two levels, have this name."""
    inner = {
        "type": "object",
        "required": [name, "id"],
        "properties": {
            name: {"type": "array", "items": {"type": "string"}, "minItems": 1},
            "id": {"type": "string", "readOnly": True},
        },
        "additionalProperties": False,
    }
    return node(
        {
            "type": "object",
            "required": [name],
            "properties": {name: inner, "other": {"anyOf": [inner, {"type": "null"}]}},
            "patternProperties": {name: {"type": "object", "title": "Text"}},
            "dependentSchemas": {name: {"properties": {name: {"type": "object"}}}},
        }
    )


WALKS: dict[str, Callable[[Any], Any]] = {
    "children": lambda schema: [(child.kind, child.steps, child.schema) for child in children(schema)],
    "walk": lambda schema: list(walk(schema)),
    "rewrite": lambda schema: rewrite(
        schema, lambda child: {**child.schema, "at": [str(step) for step in child.steps]}
    ),
    "names of references": refs,
    "tries": lambda schema: count_tries({"A": schema}, REF),
    "sent": lambda schema: OneWay({"A": schema}, "sent").adapt(schema),
    "answered": lambda schema: OneWay({"A": schema}, "answered").adapt(schema),
    "places": lambda schema: count_places(schema, {}, 100),
    "bounds": lambda schema: reduce(schema, {}, 4).schema,
    "bounds of the whole": lambda schema: reduce(schema, {}, 6).schema,
    "GPT's objects": with_properties,
    "GPT's transform": lambda schema: transform(schema, lambda part: Node({**part, "seen": True})),
    "GPT builder": lambda schema: list(read_as_builder(plain(schema), ("A",), (), {"A": schema})),
    "GPT builder's circles": lambda schema: circular({"A": plain(schema)}),
    "AgentCore": lambda schema: list(_compositions({"schemas": {"A": plain(schema)}}, ())),
    "Cowork": lambda schema: _find_reference(plain(schema)),
    "portal": lambda schema: list(_arguments(plain(schema), (), 0)),
    "judges of tools": lambda schema: list(parts(plain(schema), ())),
    "MCP's answers": _without_required,
    "strict tools": lambda schema: lower(schema, {}, OPENAI_STRICT, sent=True),
    "MCP's tools": lambda schema: lower(schema, {}, MCP, sent=True)[0],
    "differ's form": bare,
    "differ, callers": lambda schema: turn_schema(schema, {}, "callers"),
    "differ, closed": lambda schema: close_objects(schema, {}),
    "vendors' dialects": lambda schema: read_as_2020(plain(schema), {}),
    "tools of servers": lambda schema: inline_references(plain(schema)),
    "alternatives": lambda schema: write_alternatives({"components": {"schemas": {"A": plain(schema)}}}),
    "a catalogue's schema": lambda schema: schema_node(plain(schema), ("schemas", "A")),
}


def show(value: Any) -> Any:
    return order(json.loads(json.dumps(value, default=str)))


def order(value: Any) -> Any:
    """Return a value whose lists of names are sorted."""
    if isinstance(value, list):
        names = all(isinstance(each, str) for each in value)
        return sorted(value) if names else [order(each) for each in value]
    return {key: order(each) for key, each in value.items()} if isinstance(value, dict) else value


def rename(value: Any, name: str) -> Any:
    return json.loads(json.dumps(value).replace(PLAIN, name))


@pytest.mark.parametrize("walked", WALKS)
def test_a_member_is_never_a_keyword(walked: str) -> None:
    read = WALKS[walked]
    expected = show(read(make(PLAIN)))
    wrong = [name for name in NAMES if show(read(make(name))) != order(rename(expected, name))]
    assert not wrong


@pytest.mark.parametrize("name", NAMES)
def test_pointer_leads_to_a_schema(name: str) -> None:
    assert count_steps(("properties", name, "items")) == 2
    assert is_schema(("schemas", "A", "properties", name, "items", "properties", name))
    assert not is_schema(("schemas", "A", "properties"))
    assert is_schema(("schemas", "A", "anyOf", 0, "if"))
    assert not is_schema(("schemas", "A", "default", "properties", name))


def test_what_is_not_a_schema_is_left_out() -> None:
    some = {"anyOf": [7, {"type": "null"}], "properties": {"a": "text", "b": True}}
    wrong = dict.fromkeys(HOLDING, 5) | some
    assert [child.steps for child in children(wrong)] == [("anyOf", 1), ("properties", "b")]
    assert rewrite(wrong, lambda child: child.schema) is wrong


def test_a_rewritten_schema_keeps_places_and_what_it_was_made_from() -> None:
    schema = make(PLAIN)
    made = rewrite(schema, lambda child: {} if child.keyword == "patternProperties" else child.schema)
    assert made["patternProperties"] == {PLAIN: {}}
    assert made["patternProperties"].origin == made.origin == ("schemas", "A")
    assert schema["patternProperties"][PLAIN] == {"type": "object", "title": "Text"}


def test_a_definition_is_no_part_of_a_value() -> None:
    schema = {"$defs": {"a": {"$ref": f"{REF}B"}}, "type": "object"}
    assert refs(schema) == {"B"}
    assert count_places(schema, {}, 100) == 1
