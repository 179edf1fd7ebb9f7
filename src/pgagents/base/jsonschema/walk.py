"""Find and rewrite the schemas inside a schema, by position: a member's name is never taken for a keyword.

Keywords of all drafts stand in three tables, by what they hold. A new keyword is one line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from copy import copy
from typing import Any, Literal, NamedTuple, TypeVar

from pgagents.base.places import Pointer

Kind = Literal["value", "member", "item", "name", "text", "definition"]
"""What an inner schema is about: the value itself, a member or an item of it, the name of a member, what a
text encodes, or nothing until a reference names it.
"""
ONE: Mapping[str, Kind] = {
    "not": "value",
    "if": "value",
    "then": "value",
    "else": "value",
    "additionalProperties": "member",
    "unevaluatedProperties": "member",
    "items": "item",
    "additionalItems": "item",
    "unevaluatedItems": "item",
    "contains": "item",
    "propertyNames": "name",
    "contentSchema": "text",
}
"""Keywords that hold one schema."""
LISTS: Mapping[str, Kind] = {
    "allOf": "value",
    "anyOf": "value",
    "oneOf": "value",
    "prefixItems": "item",
    "items": "item",  # before 2020-12
}
"""Keywords that hold a list of schemas."""
NAMED: Mapping[str, Kind] = {
    "properties": "member",
    "patternProperties": "member",
    "dependentSchemas": "value",
    "dependencies": "value",  # before 2019-09, beside lists of names
    "$defs": "definition",
    "definitions": "definition",
    "defs": "definition",  # Vertex AI
}
"""Keywords that hold schemas by names of members, by patterns, or by names that references have."""
HOLDING: Mapping[str, Kind] = {**ONE, **LISTS, **NAMED}
"""All keywords that hold schemas."""
CONDITIONS = frozenset(("not", "if"))
"""Keywords whose schemas refuse more values if they are made to accept more."""

S = TypeVar("S", bound=Mapping[str, Any])


class Child(NamedTuple):
    """A schema directly inside another one, as a mapping or a flag, and the steps that lead to it."""

    steps: Pointer
    schema: Any
    kind: Kind

    @property
    def keyword(self) -> str:
        return str(self.steps[0])


def children(schema: Mapping[str, Any]) -> Iterator[Child]:
    """Yield the schemas directly inside a schema, in the order in which they are written.

    What is not a schema at a schema's place is left out.
    """
    for key, value in schema.items():
        if key not in HOLDING:
            continue
        if isinstance(value, dict | Mapping):
            if key in NAMED:
                kind = NAMED[key]
                for name, part in value.items():
                    if isinstance(part, dict | bool | Mapping):
                        yield Child((key, name), part, kind)
            elif key in ONE:
                yield Child((key,), value, ONE[key])
        elif isinstance(value, bool):
            if key in ONE:
                yield Child((key,), value, ONE[key])
        elif key in LISTS and isinstance(value, list | tuple):
            kind = LISTS[key]
            for number, part in enumerate(value):
                if isinstance(part, dict | bool | Mapping):
                    yield Child((key, number), part, kind)


def walk(schema: Any) -> Iterator[Mapping[str, Any]]:
    """Yield a schema and every schema inside it, those around others first. References are not followed."""
    stack = [schema]
    while stack:
        node = stack.pop()
        if isinstance(node, dict | Mapping):
            yield node
            stack.extend(child.schema for child in children(node))


def rewrite(schema: S, change: Callable[[Child], Any]) -> S:
    """Return a schema with `change(child)` in place of each schema directly inside it.

    The copy has the origins of the original. If nothing changes, it is the schema itself.
    """
    made: Any = schema
    for child in children(schema):
        changed = change(child)
        if changed is child.schema:
            continue
        if made is schema:
            made = _copy(schema)
        key, *name = child.steps
        if not name:
            made[key] = changed
            continue
        if made[key] is schema[str(key)]:
            made[key] = _copy(made[key])
        made[key][name[0]] = changed
    result: S = made
    return result


def _copy(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return list(value)
    return copy(value) if isinstance(value, dict) else dict(value)


def count_steps(pointer: Pointer) -> int:
    """Return how many steps of a pointer lead from a schema to the one inside it: 0 if they do not."""
    if not pointer or pointer[0] not in HOLDING:
        return 0
    if pointer[0] in NAMED or (pointer[0] in LISTS and isinstance((*pointer, "")[1], int)):
        return 2 if len(pointer) > 1 else 0
    return 1 if pointer[0] in ONE else 0
