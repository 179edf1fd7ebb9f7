"""Reshape schemas as importers of OpenAPI documents require."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pgagents.generate.target import Loss
from pgagents.jsonschema.schema import REF
from pgagents.source.origin import Node

_MANY = ("properties", "$defs", "patternProperties", "dependentSchemas")
_LISTS = ("oneOf", "anyOf", "allOf", "prefixItems")
_ONE = (
    *("items", "additionalProperties", "not", "contains", "propertyNames", "if", "then", "else"),
    *("unevaluatedProperties", "unevaluatedItems"),
)


def transform(schema: Node, change: Callable[[Node], Node]) -> Node:
    """Apply `change` to every schema inside the schema, then to the schema itself."""
    members: dict[str, Any] = {}
    for key, value in schema.items():
        if key in _ONE and isinstance(value, Node):
            members[key] = transform(value, change)
        elif key in _MANY and isinstance(value, Node):
            members[key] = Node({k: transform(v, change) for k, v in value.items()}, origin=value.origin)
        elif key in _LISTS:
            members[key] = [transform(v, change) for v in value]
        else:
            members[key] = value
    return change(Node(members, origin=schema.origin))


def with_properties(schema: Node) -> Node:
    """Add an empty `properties` to every object that has none, at any depth.

    GPT's importer otherwise reports "object schema missing properties", and refuses every argument at call
    time.
    """

    def add_properties(node: Node) -> Node:
        kinds = node.get("type")
        if (
            kinds == "object" or (isinstance(kinds, list) and "object" in kinds)
        ) and "properties" not in node:
            node["properties"] = Node(origin=node.origin)
        return node

    return transform(schema, add_properties)


def with_items(schema: Node, lost: dict[Loss, None]) -> Node:
    """Give every list of fixed form the schema of an item, which allows any of its parts; record the loss.

    GPT's importer refuses a list without one.
    """

    def add_items(node: Node) -> Node:
        first = node.get("prefixItems")
        if not first or "items" in node:
            return node
        further = node.get("unevaluatedItems", True)
        parts = [*first, *([further] if isinstance(further, Mapping) else [])]
        each = [part for n, part in enumerate(parts) if part not in parts[:n]]
        kept = {key: value for key, value in node.items() if key not in ("prefixItems", "unevaluatedItems")}
        kept["items"] = each[0] if len(each) == 1 else Node({"anyOf": each}, origin=node.origin)
        if further is False:
            kept["maxItems"] = min(len(first), node.get("maxItems", len(first)))
        at = (*(node.origin or ()), "prefixItems")
        lost[Loss(at, "the order of the items", "widened", "each item may be any of them")] = None
        return Node(kept, origin=node.origin)

    return transform(schema, add_items)


def inline_references(schema: Node, schemas: Mapping[str, Node], inside: tuple[str, ...] = ()) -> Node:
    """Replace references by their targets; a recursive reference becomes an empty schema."""

    def put_in(node: Node) -> Node:
        ref = node.get("$ref")
        if not isinstance(ref, str) or not ref.startswith(REF):
            return node
        name = ref[len(REF) :]
        if name in inside or name not in schemas:
            return Node({k: v for k, v in node.items() if k != "$ref"}, origin=node.origin)
        rest = {k: v for k, v in node.items() if k != "$ref"}
        return Node(
            {**inline_references(schemas[name], schemas, (*inside, name)), **rest}, origin=node.origin
        )

    return transform(schema, put_in)
