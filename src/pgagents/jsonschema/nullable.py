"""Make a schema in a vendor's dialect accept null."""

from __future__ import annotations

from typing import Any

from pgagents.source.origin import Node

_TEXTS = ("title", "description", "default", "examples")


def takes_null(schema: Node) -> bool:
    """True if null is one of the schema's types or alternatives."""
    kinds = schema.get("type")
    return (
        kinds == "null"
        or (isinstance(kinds, list) and "null" in kinds)
        or any(takes_null(b) for b in schema.get("anyOf", ()))
    )


def with_null(schema: Node) -> Node:
    """Return the schema extended by null: one more type if it has types, otherwise one more alternative."""
    kinds = schema.get("type")
    if kinds is None and "anyOf" in schema and "enum" not in schema:
        return Node({**schema, "anyOf": [*schema["anyOf"], _null(schema)]}, origin=schema.origin)
    if kinds is None or "anyOf" in schema:
        return null_beside(schema)
    out = Node(schema, origin=schema.origin)
    out["type"] = [*kinds, "null"] if isinstance(kinds, list) else [kinds, "null"]
    if "enum" in out:
        out["enum"] = [*out["enum"], None]
    return out


def null_beside(schema: Node) -> Node:
    """Return `anyOf` of the schema and null. Title, description, default and examples stay outside."""
    inside = Node({k: v for k, v in schema.items() if k not in _TEXTS}, origin=schema.origin)
    texts: dict[str, Any] = {k: schema[k] for k in _TEXTS if k in schema}
    if "enum" in inside:
        inside["enum"] = [value for value in inside["enum"] if value is not None]
        if not inside["enum"]:
            return Node({"type": "null", **texts}, origin=schema.origin)
    return Node({"anyOf": [inside, _null(schema)], **texts}, origin=schema.origin)


def _null(schema: Node) -> Node:
    return Node({"type": "null"}, origin=schema.origin)
