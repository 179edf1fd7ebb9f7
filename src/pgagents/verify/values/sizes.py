"""Tell which values are too large to be made and sent, by the bounds of their schemas.

Generated documents often have the greatest number of 32 bits as a bound, and mean that there is none.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pgagents.encoding.file import MAX_BOUNDARY
from pgagents.http import json_bytes
from pgagents.jsonschema.schema import resolve
from pgagents.verify.values.reduction import reduce, say_too_many

MOST_ITEMS = 10_000
"""Most items of a list that is made. Longer lists take seconds to check at each place where they are sent."""
SHORT = 2
"""Items of a list that is made in place of one that is too long."""
_DEEPEST = 12

Schemas = Mapping[str, Any]


def is_too_long(length: int, each: int = 1) -> bool:
    """True if no text of so many characters is made; `each` is the size of a character in bytes."""
    return length * each > MAX_BOUNDARY


def fit_count(count: int, item: Any) -> int:
    """Return `count` if a list of so many such items is made, else the number of a short list."""
    fits = count <= SHORT or (count <= MOST_ITEMS and count * len(json_bytes(item)) <= MAX_BOUNDARY)
    return count if fits else SHORT


def has_far_bound(schema: Mapping[str, Any]) -> bool:
    """True if the longest text or list that a schema allows is too large to be made."""
    return is_too_long(schema.get("maxLength", 0)) or schema.get("maxItems", 0) > MOST_ITEMS


def say_too_long(number: int, what: str) -> str:
    """Return why no value with so many characters or items is sent."""
    return (
        f"such a value has {number:,} {what}, and none is made of more than {MAX_BOUNDARY:,} bytes "
        f"or {MOST_ITEMS:,} items"
    )


def say_unmade(schema: Mapping[str, Any], schemas: Schemas, name: str) -> str:
    """Return why no valid value of an argument is made; empty if its least value is small enough."""
    if too_many := say_too_many(schema, schemas, name):
        return too_many
    part = reduce(schema, schemas)
    return (
        f"no `{name}` is made: the least that its schema allows has more than {MAX_BOUNDARY:,} bytes "
        f"or {MOST_ITEMS:,} items"
        if _least_size(part.schema, part.schemas, _DEEPEST) > MAX_BOUNDARY
        else ""
    )


def _least_size(schema: Mapping[str, Any], schemas: Schemas, depth: int) -> int:
    """Return about how many bytes the least value of a schema has; more than the limit for too many items."""
    schema = resolve(schema, schemas)
    if not depth or {"const", "enum", "default"} & schema.keys():
        return 1
    items, members = schema.get("minItems", 0), schema.get("minProperties", 0)
    if max(items, members) > MOST_ITEMS:
        return MAX_BOUNDARY + 1
    inner = schema.get("properties", {})
    sizes = [
        schema.get("minLength", 0),
        items * _least_size(schema.get("items", {}), schemas, depth - 1) if items else 0,
        sum(_least_size(inner[n], schemas, depth - 1) for n in _list_required(schema) if n in inner),
        *(_least_size(part, schemas, depth - 1) for part in schema.get("allOf", ())),
        min((_least_size(part, schemas, depth - 1) for part in _list_alternatives(schema)), default=0),
    ]
    return max(1, *map(int, sizes))


def _list_required(schema: Mapping[str, Any]) -> list[Any]:
    """Return the required members of a schema; an argument's own `required` is a flag."""
    needed = schema.get("required", ())
    return list(needed) if isinstance(needed, list | tuple) else []


def _list_alternatives(schema: Mapping[str, Any]) -> list[Any]:
    return list(schema.get("oneOf") or schema.get("anyOf") or ())
