"""Close schemas: objects get only the members that they name, as in the values that programs exchange."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pgagents.jsonschema.schema import REF, closure

Schemas = Mapping[str, Any]
_UNIONS = ("allOf", "anyOf", "oneOf")


def close_objects(schema: Mapping[str, Any], known: Schemas) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the schema and its named schemas with every object closed.

    An object that names no members stays open, because it is a map.
    """
    made = {name: _inside(known[name], known) for name in closure(schema, known)}
    return _value(schema, known), made


def _value(schema: Any, known: Schemas) -> Any:
    """Return the schema of a whole value with all unnamed members refused."""
    if not isinstance(schema, Mapping):
        return schema
    inside = _inside(schema, known)
    if not names_members(schema, known) or "unevaluatedProperties" in schema:
        return inside
    return {"allOf": [inside], "unevaluatedProperties": False}


def _inside(schema: Any, known: Schemas) -> Any:
    """Return the schema with the values inside it closed. It may be a part of an `allOf`."""
    if not isinstance(schema, Mapping):
        return schema
    made: dict[str, Any] = {}
    for key, value in schema.items():
        if key in ("properties", "patternProperties") and isinstance(value, Mapping):
            made[key] = {name: _value(member, known) for name, member in value.items()}
        elif key in ("items", "additionalProperties"):
            made[key] = _value(value, known)
        elif key == "prefixItems" and isinstance(value, list):
            made[key] = [_value(item, known) for item in value]
        elif key in _UNIONS and isinstance(value, list):
            made[key] = [_inside(branch, known) for branch in value]
        else:
            made[key] = value
    return made


def names_members(schema: Any, known: Schemas) -> bool:
    """Return whether any part of the schema names a member of the object itself."""
    seen: set[str] = set()
    stack: list[Any] = [schema]
    while stack:
        one = stack.pop()
        if not isinstance(one, Mapping):
            continue
        if one.get("properties"):
            return True
        ref = one.get("$ref")
        if isinstance(ref, str) and ref not in seen:
            seen.add(ref)
            stack.append(known.get(ref[len(REF) :]))
        for key in _UNIONS:
            stack.extend(one.get(key) or ())
    return False
