"""Combine the schemas that several parts of a document give one member."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from pgagents.importer.reading.references import Found, is_url

_TEXTS = frozenset(
    (
        "title",
        "description",
        "example",
        "examples",
        "deprecated",
        "readOnly",
        "writeOnly",
        "xml",
        "externalDocs",
    )
)
"""Keywords that exclude no value."""
_PLAIN = frozenset(
    (
        "type",
        "enum",
        "const",
        "format",
        "pattern",
        "default",
        "minimum",
        "maximum",
        "minLength",
        "maxLength",
        "minItems",
        "maxItems",
        "uniqueItems",
    )
)
"""Keywords whose effect does not depend on other keywords."""


def join_all(schemas: Sequence[Found]) -> Found:
    """Return a schema for the values that all of these schemas allow."""
    kept = _list_distinct([s for s in schemas if not _allows_all(s)] or schemas[:1])
    if len(kept) == 1:
        return kept[0]
    merged: dict[str, Any] = {}
    for raw in (found.mapping() for found in kept):
        clash = any(raw[key] != merged[key] for key in raw.keys() & merged.keys() - _TEXTS)
        if clash or not _strip(raw).keys() <= _PLAIN:
            return _nest(kept)
        merged = {**raw, **merged}
    return _make(merged, kept[0])


def _nest(schemas: Sequence[Found]) -> Found:
    """Return one of the schemas with the others as its `allOf`.

    It is one without a reference, because OpenAPI 3.0 ignores what stands beside a reference.
    """
    base = next((found for found in schemas if "$ref" not in found.mapping()), None)
    if base is None or not isinstance(base.value, dict):
        return schemas[0]
    others = [write_in(found, base) for found in schemas if found is not base]
    return _make({**base.value, "allOf": [*(base.value.get("allOf") or ()), *others]}, base)


def join_any(schemas: Sequence[Found]) -> Found:
    """Return a schema for the values that at least one of these schemas allows."""
    kept = _list_distinct(schemas)
    if len(kept) == 1:
        return kept[0]
    if any(map(_allows_all, kept)):
        return _make({}, kept[0])
    if (values := _list_values(kept)) is not None:
        types = [found.mapping().get("type") for found in kept]
        same = types[0] is not None and all(kind == types[0] for kind in types)
        return _make({**({"type": types[0]} if same else {}), "enum": values}, kept[0])
    return _make({"anyOf": [write_in(found, kept[0]) for found in kept]}, kept[0])


def is_same(one: Found, other: Found) -> bool:
    """True if two schemas differ in their texts at most."""
    return _key(one) == _key(other)


def _list_distinct(schemas: Sequence[Found]) -> list[Found]:
    """Return the schemas without those that equal an earlier one."""
    found: dict[str, Found] = {}
    for one in schemas:
        found.setdefault(_key(one), one)
    return list(found.values())


def _list_values(schemas: Sequence[Found]) -> list[Any] | None:
    """Return the values of schemas that only list their values; None if one does more."""
    values: dict[str, Any] = {}
    for found in schemas:
        raw = found.mapping()
        listed = [raw["const"]] if "const" in raw else raw.get("enum")
        if not isinstance(listed, list) or len(raw.keys() & {"const", "enum"}) != 1:
            return None
        if not set(_strip(raw)) <= {"type", "const", "enum"}:
            return None
        values |= {json.dumps(value, default=str): value for value in listed}
    return list(values.values())


def _allows_all(found: Found) -> bool:
    return found.value is True or (isinstance(found.value, dict) and not _strip(found.value))


def _strip(raw: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in raw.items() if key not in _TEXTS and not key.startswith("x-")}


def _key(found: Found) -> str:
    """Return a text that schemas with the same meaning have in common."""
    raw = found.value
    written = json.dumps(_strip(raw) if isinstance(raw, dict) else raw, sort_keys=True, default=str)
    return f"{found.document.location} {written}" if _refers(found) else written


def _refers(found: Found) -> bool:
    return '"$ref"' in json.dumps(found.value, default=str)


def write_in(found: Found, home: Found) -> Any:
    """Return a schema as it is written beside `home`.

    A schema of another document that refers to its own document becomes a reference.
    """
    if found.document.location == home.document.location or not _refers(found):
        return found.value
    return {"$ref": f"{_locate(found.document.location)}#{quote(found.pointer)}"}


def _locate(location: str) -> str:
    return location if is_url(location) else quote(location)


def _make(raw: dict[str, Any], beside: Found) -> Found:
    """Return a schema that stands at the place of another one."""
    return Found(raw, beside.document, beside.pointer)
