"""Find the columns of a list of objects: each member with the JSON types that its schema allows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pgagents.jsonschema.schema import resolve

_KINDS = ("allOf", "anyOf", "oneOf")
MOST_PARTS = 500


def columns_of(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> dict[str, tuple[str, ...]] | None:
    """Return the members of a list's items, each with its types; None if the schema is no list."""
    found: dict[str, tuple[str, ...]] = {}
    lists = [part for part in _parts(schema, schemas) if "array" in _types(part)]
    for part in lists:
        for item in _parts(part.get("items", {}), schemas):
            for name, member in item.get("properties", {}).items():
                kinds = [kind for inner in _parts(member, schemas) for kind in _types(inner)]
                found[str(name)] = tuple(dict.fromkeys((*found.get(str(name), ()), *kinds)))
    return found if lists else None


def _parts(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the schema and the schemas under its keywords `_KINDS`, with references followed."""
    stack, met = [schema], 0
    while stack and met < MOST_PARTS:
        met += 1
        part = resolve(stack.pop(), schemas)
        yield part
        stack += [inner for key in _KINDS for inner in part.get(key, ())]


def _types(schema: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the types that a schema names, or that its values have."""
    written = schema.get("type")
    if written is not None:
        return (written,) if isinstance(written, str) else tuple(written)
    values = [schema["const"]] if "const" in schema else schema.get("enum", ())
    return tuple(dict.fromkeys(_type_of(value) for value in values))


def _type_of(value: Any) -> str:
    names = {
        bool: "boolean",
        int: "integer",
        float: "number",
        str: "string",
        list: "array",
        type(None): "null",
    }
    return names.get(type(value), "object")
