"""Read facts for mining from JSON Schemas: declared values, required members, and the containing object."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pgagents.jsonschema.direction import find_written_name
from pgagents.jsonschema.schema import REF

MOST_DEPTH = 12
Schema = Mapping[str, Any]
Named = Mapping[str, Schema]


def resolve_all(schema: Any, schemas: Named) -> list[Schema]:
    """Return the schemas that a value must satisfy together: the schema, its references, and parts of
    `allOf`.
    """
    found: list[Schema] = []
    waiting = [schema]
    while waiting and len(found) < MOST_DEPTH:
        one = waiting.pop(0)
        if not isinstance(one, Mapping):
            continue
        found.append(one)
        ref = str(one.get("$ref", ""))
        if ref.startswith(REF):
            waiting.append(schemas.get(ref[len(REF) :]))
        waiting += one.get("allOf") or ()
        for either in ("anyOf", "oneOf"):  # an object or null
            rest = [s for s in one.get(either) or () if isinstance(s, Mapping) and s.get("type") != "null"]
            waiting += rest if len(rest) == 1 else ()
    return found


def name_object(schema: Any, schemas: Named) -> str:
    """Return the name of the innermost named schema of an object; empty if it has none."""
    names = [str(one["$ref"])[len(REF) :] for one in resolve_all(schema, schemas) if "$ref" in one]
    return find_written_name(names[-1]) if names else ""


def member_schema(schema: Any, path: Sequence[str], schemas: Named) -> Schema:
    """Return the schema of the member at a path, empty if it is not declared."""
    at: Any = schema
    for name in path:
        parts = resolve_all(at, schemas)
        at = next((p["properties"][name] for p in parts if name in (p.get("properties") or {})), None)
        if at is None:
            return {}
    return at if isinstance(at, Mapping) else {}


def item_schema(schema: Any, schemas: Named) -> Schema:
    """Return the schema of a list's items, empty if it is not declared."""
    return next((p["items"] for p in resolve_all(schema, schemas) if isinstance(p.get("items"), Mapping)), {})


def is_required(schema: Any, path: Sequence[str], schemas: Named) -> bool:
    """Return True if the member at a path and all objects around it must be present."""
    at: Any = schema
    for number, name in enumerate(path):
        if not any(name in (p.get("required") or ()) for p in resolve_all(at, schemas)):
            return False
        at = member_schema(at, (name,), schemas)
        if number + 1 < len(path) and may_be_null(at, schemas):
            return False
    return True


def may_be_null(schema: Any, schemas: Named) -> bool:
    """Return True if the schema allows null."""
    for part in resolve_all(schema, schemas):
        kinds = part.get("type")
        if kinds == "null" or (isinstance(kinds, list) and "null" in kinds):
            return True
        if any(
            isinstance(s, Mapping) and s.get("type") == "null"
            for key in ("anyOf", "oneOf")
            for s in part.get(key) or ()
        ):
            return True
    return False


def declared_values(schema: Any, schemas: Named) -> tuple[Any, ...]:
    """Return the values of an `enum`, or both booleans; empty for any other schema."""
    for part in resolve_all(schema, schemas):
        if isinstance(part.get("enum"), Sequence) and not isinstance(part["enum"], str):
            return tuple(v for v in part["enum"] if v is not None)
        if part.get("type") == "boolean" or part.get("type") == ["boolean", "null"]:
            return (True, False)
    return ()


def format_of(schema: Any, schemas: Named) -> str:
    """Return the declared `format`."""
    return next((str(p["format"]) for p in resolve_all(schema, schemas) if "format" in p), "")
