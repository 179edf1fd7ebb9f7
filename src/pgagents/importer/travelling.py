"""Convert list and object parameters of the path, query, header and cookie into arguments of the catalogue.

The catalogue has one form for lists in the query (`tag=a&tag=b`), and sends everything else as one text. An
OpenAPI document may ask for another form, such as `tag=a,b`: that list becomes a text argument whose
description states the form. An object becomes one argument for each member.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pgagents.importer.reading.names import clean, cut
from pgagents.importer.reading.operations import Parameter
from pgagents.importer.reading.references import Found
from pgagents.importer.schemas import Schemas, clean_value
from pgagents.text.brief import brief

SEPARATORS = {"csv": ",", "ssv": " ", "tsv": "\t", "pipes": "|"}
_WORDS = {",": "commas", " ": "spaces", "\t": "tabs", "|": "vertical bars"}
_SPECIAL = frozenset(r"\^$.*+?()[]{}|/")
MAX_NESTED = 8
MAX_PATTERN = 1_000
MAX_MEMBERS = 40


@dataclass(frozen=True, slots=True)
class Joined:
    """A list that is sent as one text: the argument's schema, and the separator between values."""

    schema: dict[str, Any]
    separator: str


@dataclass(frozen=True, slots=True)
class Spread:
    """An object whose members are sent as separate parameters."""

    members: tuple[tuple[str, str, Found, bool], ...]
    """Name, name on the wire, schema, and whether it is required, for each member."""


@dataclass(frozen=True, slots=True)
class Unsayable:
    """A parameter that no argument can express, with the reason."""

    why: str


def travelling(p: Parameter, schemas: Schemas) -> Joined | Spread | Unsayable | None:
    """Return how the parameter is converted, or None if it is sent unchanged."""
    if p.style in ("matrix", "label"):
        return Unsayable(f"it travels as `{p.style}`")
    if p.style == "content":
        return _as_json(p)
    found = _one(schemas, p.schema)
    kinds = _kinds(found)
    if "array" in kinds or (not kinds and "items" in found.mapping()):
        if p.style in SEPARATORS:
            return _join_values(p, found, schemas, SEPARATORS[p.style])
        if _holds_objects(schemas, found):
            return Unsayable(f"it is a list of objects, which has no form in the {p.place}")
        return Unsayable("it is a list, and the document does not say how it travels") if p.style else None
    if p.style == "deepObject" or "object" in kinds or (not kinds and "properties" in found.mapping()):
        return _spread_members(p, found, schemas)
    return None


def _one(schemas: Schemas, schema: Found) -> Found:
    """Follow references; of alternatives, return the first that is an object or a list."""
    found = schemas.references.follow(schema)
    for key in ("oneOf", "anyOf", "allOf"):
        for branch in found.at(key).items()[:20]:
            behind = schemas.references.follow(branch)
            if behind.mapping().get("type") in ("object", "array") or "properties" in behind.mapping():
                return behind
    return found


def _kinds(found: Found) -> list[Any]:
    """Return the types that a schema names."""
    kinds = found.mapping().get("type")
    return [kinds] if isinstance(kinds, str) else kinds if isinstance(kinds, list) else []


def _holds_objects(schemas: Schemas, found: Found) -> bool:
    """True if the items of a list, or of lists inside it, are objects."""
    for _ in range(MAX_NESTED):
        found = _one(schemas, found.at("items"))
        if "object" in _kinds(found) or "properties" in found.mapping():
            return True
    return False


def _as_json(p: Parameter) -> Joined:
    said = (
        f"{p.description} A JSON value, written as text."
        if p.description
        else "A JSON value, written as text."
    )
    return Joined({"type": "string", "description": cut(said)}, "")


def _join_values(p: Parameter, found: Found, schemas: Schemas, separator: str) -> Joined:
    """Return a text argument for a list, with a pattern for its values if that is short."""
    items = schemas.references.follow(found.at("items")).mapping()
    made: dict[str, Any] = {"type": "string"}
    values = (
        [clean(str(v)) for v in items["enum"] if v is not None] if isinstance(items.get("enum"), list) else []
    )
    one = "|".join(map(_escape, values)) if values else "-?[0-9]+" if items.get("type") == "integer" else ""
    pattern = f"^(?:{one})(?:{_escape(separator)}(?:{one}))*$"
    if one and len(pattern) <= MAX_PATTERN and not any(separator in v or not v for v in values):
        made["pattern"] = pattern
    lead = f"{p.description.rstrip()} " if p.description else ""
    made["description"] = cut(
        f"{lead}Several values stand in one text, with {_WORDS[separator]} between them."
    )
    default = found.mapping().get("default")
    if isinstance(default, list) and default and all(isinstance(v, str | int) for v in default):
        made["default"] = text_of(default, separator)
    return Joined(made, separator)


def text_of(values: list[Any], separator: str) -> Any:
    """Return a list as the text that is sent; a list with other than plain values is returned unchanged."""
    if not all(isinstance(v, str | int | float) for v in values):
        return values
    return separator.join(str(v).lower() if isinstance(v, bool) else str(clean_value(v)) for v in values)


def _escape(text: str) -> str:
    return "".join(f"\\{c}" if c in _SPECIAL else c for c in text)


def _spread_members(p: Parameter, found: Found, schemas: Schemas) -> Spread | Unsayable:
    """Return each member as a parameter: `filter[name]` for a deep object, otherwise its own name."""
    deep = p.style == "deepObject"
    if p.place != "query" or p.style not in ("", "deepObject"):
        return Unsayable("it is an object")
    properties = found.at("properties")
    names = list(properties.mapping())
    if not names:
        return Unsayable("it is an object whose members the document does not name")
    if len(names) > MAX_MEMBERS:
        return Unsayable(f"it is an object with {len(names)} members")
    required = found.mapping().get("required")
    needed = [r for r in required if isinstance(r, str)] if isinstance(required, list) and p.required else []
    members = []
    for name in names:
        schema = properties.at(name)
        if (
            _one(schemas, schema).mapping().get("type") in ("object", "array")
            or "properties" in schema.mapping()
        ):
            if name in needed:
                return Unsayable(f"its member `{brief(name)}` is no plain value")
            continue
        own, wire = (f"{p.name}_{name}", f"{p.name}[{name}]") if deep else (name, name)
        members.append((own, wire, schema, name in needed))
    return Spread(tuple(members)) if members else Unsayable("it is an object of lists and objects")
