"""Walk the schemas inside a schema by position. A member's name is never taken for a keyword.

A walk that goes through everything below a schema takes a member called `format` for the keyword, and an
example for a schema. Here each keyword says what stands under it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

ONE = frozenset((
    "items", "additionalItems", "unevaluatedItems", "contains", "additionalProperties",
    "unevaluatedProperties", "propertyNames", "not", "if", "then", "else", "contentSchema",
))  # fmt: skip
"""Keywords that hold one schema; before 2020-12, `items` may hold a list of them."""
LISTS = frozenset(("allOf", "anyOf", "oneOf", "prefixItems", "items"))
"""Keywords that hold a list of schemas."""
NAMED = frozenset(
    ("properties", "patternProperties", "dependentSchemas", "$defs", "definitions", "dependencies")
)
"""Keywords that hold schemas by names of members, by patterns, or by names that references have."""


def list_children(schema: Mapping[str, Any]) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Yield the steps to each schema directly inside a schema, and that schema: a mapping or a flag."""
    for key in schema:
        value = schema[key]
        if key in LISTS and isinstance(value, list | tuple):
            yield from (((key, number), part) for number, part in enumerate(value))
        elif key in ONE and isinstance(value, Mapping | bool):
            yield (key,), value
        elif key in NAMED and isinstance(value, Mapping):
            yield from (
                ((key, name), part) for name, part in value.items() if isinstance(part, Mapping | bool)
            )


def walk(schema: Any) -> Iterator[Mapping[str, Any]]:
    """Yield a schema and every schema inside it, those around others first. References are not followed."""
    stack = [schema]
    while stack:
        node = stack.pop()
        if isinstance(node, Mapping):
            yield node
            stack.extend(part for _, part in list_children(node))


def rewrite(schema: Mapping[str, Any], change: Callable[[Any], Any]) -> dict[str, Any]:
    """Return a schema with `change(inner)` in place of each schema directly inside it."""
    made = dict(schema)
    for steps, part in list_children(schema):
        key, changed = str(steps[0]), change(part)
        if len(steps) == 1:
            made[key] = changed
            continue
        if made[key] is schema[key]:
            made[key] = dict(schema[key]) if isinstance(schema[key], Mapping) else list(schema[key])
        made[key][steps[1]] = changed
    return made
