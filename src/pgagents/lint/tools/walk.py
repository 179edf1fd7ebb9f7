"""Walk the schemas of arguments: every part with its place, and checks that several vendors share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pgagents.source.source import Pointer

_ONE = ("items", "additionalProperties", "not", "contains", "propertyNames", "if", "then", "else")
_LISTS = ("anyOf", "oneOf", "allOf", "prefixItems")
_NAMED = ("properties", "$defs", "definitions", "patternProperties", "dependentSchemas", "defs")


def parts(schema: Any, at: Pointer) -> Iterator[tuple[dict[str, Any], Pointer, int]]:
    """Yield the schema and all schemas inside it, each with its place and nesting depth.

    Values that are not mappings are skipped.
    """
    stack: list[tuple[Any, Pointer, int]] = [(schema, at, 1)]
    while stack:
        node, here, depth = stack.pop()
        if not isinstance(node, dict):
            continue
        yield node, here, depth
        inside = depth + 1
        found: list[tuple[Any, Pointer, int]] = [
            (node[key], (*here, key), inside) for key in _ONE if key in node
        ]
        for key in _LISTS:
            several = node.get(key)
            if isinstance(several, list):
                found += [(part, (*here, key, n), depth) for n, part in enumerate(several)]
        for key in _NAMED:
            named = node.get(key)
            if isinstance(named, dict):
                found += [(part, (*here, key, name), inside) for name, part in named.items()]
        stack.extend(reversed(found))


def types(node: dict[str, Any]) -> set[str]:
    """Return the node's types in lower case."""
    kind = node.get("type")
    listed = kind if isinstance(kind, list) else [kind]
    return {k.lower() for k in listed if isinstance(k, str)}


def context(at: Pointer, root: Pointer) -> tuple[str, ...]:
    """Return the place inside the schema in the notation of OpenAI's API."""
    return tuple(str(step) for step in at[len(root) :])


def boolean_schemas(node: dict[str, Any]) -> list[str]:
    """Return the members whose schema is just true or false."""
    members = node.get("properties")
    return (
        [str(name) for name, part in members.items() if isinstance(part, bool)]
        if isinstance(members, dict)
        else []
    )
