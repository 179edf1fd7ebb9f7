"""Convert list and object parameters of the path, query, header and cookie into arguments of the catalogue.

In the query and in forms, lists and objects have OpenAPI's styles. Elsewhere the catalogue sends one text: a
list in a path or header becomes a text argument whose description explains the form.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pgagents.encoding.request import COOKIE_NAME
from pgagents.http import media_type_of
from pgagents.importer.reading.media import JSON
from pgagents.importer.reading.names import clean, clean_value, cut
from pgagents.importer.reading.operations import Parameter
from pgagents.importer.reading.references import Found
from pgagents.importer.schemas.schemas import Schemas
from pgagents.text.brief import brief

SEPARATORS = {"csv": ",", "ssv": " ", "tsv": "\t", "pipes": "|"}
_WORDS = {",": "commas", " ": "spaces", "\t": "tabs", "|": "vertical bars"}
_SPECIAL = frozenset(r"\^$.*+?()[]{}|/")
MAX_NESTED = 8
MAX_PATTERN = 1_000


@dataclass(frozen=True, slots=True)
class Joined:
    """A list that is sent as one text: the argument's schema, and the separator between values."""

    schema: dict[str, Any]
    separator: str


@dataclass(frozen=True, slots=True)
class Styled:
    """A list or object with a style. If `explode` is None, the style's default applies."""

    style: str
    explode: bool | None = None


@dataclass(frozen=True, slots=True)
class AsJson:
    """A value that is sent as one JSON text in the query."""


@dataclass(frozen=True, slots=True)
class Unsayable:
    """A parameter that the catalogue cannot express, with the reason."""

    why: str


_STYLES = {
    "csv": Styled("form", False),
    "ssv": Styled("spaceDelimited"),
    "pipes": Styled("pipeDelimited"),
}


def find_form(p: Parameter, schemas: Schemas) -> Joined | Styled | AsJson | Unsayable | None:
    """Return how the parameter is converted, or None if it is sent unchanged."""
    if p.place == "header" and not COOKIE_NAME.fullmatch(p.name):
        return Unsayable("it is no name of a header")
    if p.style in ("matrix", "label"):
        return Unsayable(f"it travels as `{p.style}`")
    if p.style == "content":
        return AsJson() if p.place == "query" and _is_plain_json(p) else _as_text(p)
    found = _one(schemas, p.schema)
    kinds = _kinds(found)
    if p.place == "cookie":
        if {"array", "object"} & set(map(str, kinds)) or {"items", "properties"} & found.mapping().keys():
            return Unsayable("it is a list or an object in a cookie")
        return None if COOKIE_NAME.fullmatch(p.name) else Unsayable("it is no name of a cookie")
    if "array" in kinds or (not kinds and "items" in found.mapping()):
        if p.place in ("query", "body") and p.style in _STYLES:
            if _holds_objects(schemas, found):
                return Unsayable(f"it is a list of objects, which has no form as `{p.style}`")
            return _STYLES[p.style]
        if p.style == "deepObject":
            return Styled(p.style)
        if p.style in SEPARATORS:
            return _join_values(p, found, schemas, SEPARATORS[p.style])
        if _holds_objects(schemas, found):
            return Unsayable(f"it is a list of objects, which has no form in the {p.place}")
        return Unsayable("it is a list, and the document does not say how it travels") if p.style else None
    if p.style == "deepObject" or "object" in kinds or (not kinds and "properties" in found.mapping()):
        return _style_object(p, found, schemas)
    return None


def _one(schemas: Schemas, schema: Found) -> Found:
    """Follow references. If there are alternatives, return the first object or list."""
    found = schemas.references.follow(schema)
    for key in ("oneOf", "anyOf", "allOf"):
        for branch in found.at(key).items()[:20]:
            behind = schemas.references.follow(branch)
            if behind.mapping().get("type") in ("object", "array") or "properties" in behind.mapping():
                return behind
    return found


def _kinds(found: Found) -> list[Any]:
    """Return the types that a schema allows."""
    kinds = found.mapping().get("type")
    return [kinds] if isinstance(kinds, str) else kinds if isinstance(kinds, list) else []


def _holds_objects(schemas: Schemas, found: Found) -> bool:
    """True if the items of a list, or of lists inside it, are objects."""
    for _ in range(MAX_NESTED):
        found = _one(schemas, found.at("items"))
        if "object" in _kinds(found) or "properties" in found.mapping():
            return True
    return False


def _is_plain_json(p: Parameter) -> bool:
    """True if the type of a parameter is JSON, and the document describes its value."""
    media = next(iter(p.whole.at("content").members()), "")
    return media_type_of(media) == JSON and bool(p.schema.mapping())


def _as_text(p: Parameter) -> Joined:
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
    """Return a list as the text that is sent. A list with objects or lists in it is returned unchanged."""
    if not all(isinstance(v, str | int | float) for v in values):
        return values
    return separator.join(str(v).lower() if isinstance(v, bool) else str(clean_value(v)) for v in values)


def _escape(text: str) -> str:
    return "".join(f"\\{c}" if c in _SPECIAL else c for c in text)


def _style_object(p: Parameter, found: Found, schemas: Schemas) -> Styled | Unsayable:
    """Return the style of an object: brackets, or its members as pairs or as one text."""
    if p.place not in ("query", "body") or p.style not in ("", "csv", "deepObject"):
        return Unsayable("it is an object")
    if p.style == "deepObject":
        return Styled(p.style)
    properties = found.at("properties")
    names = list(properties.mapping())
    if not names and not p.style:
        return Unsayable("it is an object whose members the document does not name")
    for name in names:
        inner = _one(schemas, properties.at(name))
        if set(_kinds(inner)) & {"object", "array"} or {"properties", "items"} & inner.mapping().keys():
            return Unsayable(f"its member `{brief(name)}` is no plain value")
    return Styled("form", False if p.style else None)
