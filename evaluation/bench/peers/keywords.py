"""Compares two schemas keyword by keyword: what the one asks of a value at a place, and whether the other
still asks it.

A place is the names from the root, `[]` for an array's items. The other may wrap everything in one more
object (`requestBody`, `result`), or mark a name by its place (`lot_id__path`). The place counts as the same.
Numbers are compared as numbers (100 is 100.0), `const` as an `enum` of one, and null is a type.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from evaluation.bench.peers.document import follow

ASKING = (
    "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength",
    "pattern", "format", "minItems",
    "maxItems", "uniqueItems", "minProperties", "maxProperties", "default",
)  # fmt: skip
DEPTH = 12


class Ask(NamedTuple):
    """One keyword at one place, its value in one canonical text."""

    place: tuple[str, ...]
    keyword: str
    value: str


def asks(schema: Any, root: Any, place: tuple[str, ...] = (), depth: int = DEPTH) -> Iterator[Ask]:
    """Everything that a schema asks of what is in it, references followed, alternatives all."""
    schema = follow(schema, root)
    if not isinstance(schema, dict) or depth == 0:
        return
    if place:
        yield from _here(schema, place)
    for name in schema.get("required", []) if isinstance(schema.get("required"), list) else []:
        yield Ask((*place, _bare(name)), "required", "")
    for name, one in schema.get("properties", {}).items():
        yield from asks(one, root, (*place, _bare(name)), depth - 1)
    if isinstance(schema.get("items"), dict):
        yield from asks(schema["items"], root, (*place, "[]"), depth - 1)
    for several in ("anyOf", "oneOf", "allOf"):
        for one in schema.get(several, []):
            yield from asks(one, root, place, depth - 1)


def _here(schema: dict[str, Any], place: tuple[str, ...]) -> Iterator[Ask]:
    types = schema.get("type", [])
    for type in [types] if isinstance(types, str) else types:
        yield Ask(place, "type", type)
    for keyword in ASKING:
        if keyword in schema:
            yield Ask(place, keyword, _canonical(schema[keyword]))
    if "enum" in schema or "const" in schema:
        for value in schema.get("enum", [schema.get("const")]):
            yield Ask(place, "enum", _canonical(value))
    if schema.get("additionalProperties") is False:
        yield Ask(place, "closed", "")


def find_kept(wanted: set[Ask], found: set[Ask]) -> set[Ask]:
    """Return the wanted asks that are still found, at the same place or one object deeper."""
    deeper = {Ask(ask.place[1:], ask.keyword, ask.value) for ask in found if len(ask.place) > 1}
    return wanted & (found | deeper)


def members(
    schema: Any, root: Any, place: tuple[str, ...] = (), depth: int = DEPTH
) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    """Every member of an object's schema with its place; the names as they are written there."""
    schema = follow(schema, root)
    if not isinstance(schema, dict) or depth == 0:
        return
    for name, one in schema.get("properties", {}).items():
        here = (*place, name)
        if isinstance(one, dict):
            yield here, {**follow(one, root), **{key: value for key, value in one.items() if key != "$ref"}}
        yield from members(one, root, here, depth - 1)
    for several in ("anyOf", "oneOf", "allOf"):
        for one in schema.get(several, []):
            yield from members(one, root, place, depth - 1)


def same_place(wanted: tuple[str, ...], found: tuple[str, ...]) -> bool:
    """True if two places are the same, but for a wrapping object and marks."""
    bare = tuple(map(_bare, found))
    return bare in (wanted, (*bare[:1], *wanted))


def _bare(name: str) -> str:
    for mark in ("__path", "__query", "__body"):
        name = name.removesuffix(mark)
    return name


def _canonical(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return json.dumps(value, sort_keys=True)
