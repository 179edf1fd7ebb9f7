"""Read schemas that refer to others by name, and that consist of several parts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_DEEPEST = 6
Schema = Mapping[str, Any]


def is_type(schema: Schema, kinds: tuple[str, ...]) -> bool:
    """True if a schema allows a value of one of these types."""
    written = schema.get("type", ())
    return bool({*kinds} & {*([written] if isinstance(written, str) else written)})


def follow(schema: Schema, named: Mapping[str, Any], depth: int = 0) -> Schema:
    """Return the named schema that a reference leads to, with the properties of all its parts."""
    for _ in range(20):
        ref = schema.get("$ref")
        if not isinstance(ref, str) or not isinstance(named.get(ref), Mapping):
            break
        schema = named[ref]
    parts = schema.get("allOf") if depth < _DEEPEST else None
    if not isinstance(parts, list):
        return schema
    found: dict[str, Any] = {}
    for part in parts:
        found |= follow(part, named, depth + 1).get("properties", {}) if isinstance(part, Mapping) else {}
    return {**schema, "properties": {**found, **schema.get("properties", {})}} if found else schema
