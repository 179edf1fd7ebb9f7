"""Convert a vendor's schema to JSON Schema 2020-12, so that calls and answers can be validated."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pgagents.jsonschema.schema import REF

SILENT = frozenset(
    (
        "title",
        "description",
        "default",
        "example",
        "examples",
        "deprecated",
        "readOnly",
        "writeOnly",
        "propertyOrdering",
    )
)
"""Keywords that never make a value invalid."""
_MANY = ("properties", "$defs", "patternProperties", "dependentSchemas")
_LISTS = ("oneOf", "anyOf", "allOf", "prefixItems")
_ONE = (
    *("items", "additionalProperties", "not", "contains", "propertyNames", "if", "then", "else"),
    *("unevaluatedProperties", "unevaluatedItems"),
)
_BOUNDS = {"exclusiveMinimum": "minimum", "exclusiveMaximum": "maximum"}
MAX_DEPTH = 40


def schema_of_parameter(parameter: Mapping[str, Any]) -> Any:
    """Return the schema of an OpenAPI parameter: its own, or that of the media type in its `content`."""
    held = next(iter(parameter.get("content", {}).values()), parameter)
    return held.get("schema", {})


def read_as_2020(
    schema: Mapping[str, Any], named: Mapping[str, Any], inside: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Return the schema in JSON Schema 2020-12, without references and without keywords that no value can
    break.

    Upper-case types (Gemini), `nullable`, and exclusive bounds given as booleans (OpenAPI 3.0) are converted.
    `named` holds the schemas that references name. A recursive reference becomes a schema that accepts
    anything.
    """
    reference = schema.get("$ref")
    if isinstance(reference, str):
        name = reference[len(REF) :]
        if name in inside or name not in named or len(inside) > MAX_DEPTH:
            return {}
        behind = read_as_2020(named[name], named, (*inside, name))
        beside = {k: v for k, v in schema.items() if k != "$ref" and k not in SILENT}
        return {"allOf": [behind, read_as_2020(beside, named, inside)]} if beside else behind
    found: dict[str, Any] = {}
    for word, value in schema.items():
        if word in SILENT or word == "nullable" or (word in _BOUNDS and isinstance(value, bool)):
            continue
        if word == "type":
            found[word] = [t.lower() for t in value] if isinstance(value, list) else value.lower()
        elif word in _ONE and isinstance(value, Mapping):
            found[word] = read_as_2020(value, named, inside)
        elif word in _MANY:
            found[word] = {name: read_as_2020(member, named, inside) for name, member in value.items()}
        elif word in _LISTS:
            found[word] = [read_as_2020(part, named, inside) for part in value]
        else:
            found[word] = value
    return (
        _with_null(_exclusive(found, schema)) if schema.get("nullable") is True else _exclusive(found, schema)
    )


def _exclusive(found: dict[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    for word, plain in _BOUNDS.items():
        if schema.get(word) is True and plain in found:
            found[word] = found.pop(plain)
    return found


def _with_null(schema: dict[str, Any]) -> dict[str, Any]:
    kind = schema.get("type")
    if kind is None:
        return {"anyOf": [schema, {"type": "null"}]}
    kinds = kind if isinstance(kind, list) else [kind]
    found = {**schema, "type": kinds if "null" in kinds else [*kinds, "null"]}
    if "enum" in found and None not in found["enum"]:
        found["enum"] = [*found["enum"], None]
    return found


def same(schema: Mapping[str, Any]) -> str:
    """Return a text that is the same for equal schemas."""
    return json.dumps(schema, sort_keys=True, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Gaps:
    """Members that one schema requires and another does not. A model with the first schema sends them as
    null.
    """

    names: tuple[str, ...] = ()
    members: tuple[tuple[str, Gaps], ...] = ()
    items: Gaps | None = None


def gaps(strict: Mapping[str, Any], own: Mapping[str, Any]) -> Gaps | None:
    """Return the members that the strict schema requires and `own` does not; None if there are none.

    Both arguments are results of `read_as_2020`.
    """
    needed, members, items = _object(own)
    names = tuple(str(n) for n in strict.get("required", ()) if n not in needed)
    inside = tuple(
        (str(n), found)
        for n, s in strict.get("properties", {}).items()
        if n in members and (found := gaps(s, members[n]))
    )
    each = gaps(strict["items"], items) if isinstance(strict.get("items"), Mapping) else None
    return Gaps(names, inside, each) if names or inside or each else None


def _object(schema: Mapping[str, Any]) -> tuple[set[str], dict[str, Mapping[str, Any]], Mapping[str, Any]]:
    """Return an object's required names, its members and a list's items, including those under `allOf`."""
    needed, members, items = (
        set(schema.get("required", ())),
        dict(schema.get("properties", {})),
        schema.get("items", {}),
    )
    for part in schema.get("allOf", ()):
        more, further, inner = _object(part)
        needed, members, items = needed | more, {**members, **further}, items or inner
    return needed, members, items if isinstance(items, Mapping) else {}


def fill_gaps(value: Any, missing: Gaps | None) -> Any:
    """Return the value with null for every missing member."""
    if missing is None:
        return value
    if isinstance(value, Mapping):
        found = {**dict.fromkeys(missing.names), **value}
        for name, inside in missing.members:
            if name in value:
                found[name] = fill_gaps(value[name], inside)
        return found
    return [fill_gaps(v, missing.items) for v in value] if isinstance(value, list) else value
