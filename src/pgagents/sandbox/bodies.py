"""Read the values of a request's body and of arguments in the styles of OpenAPI.

`media/` has a reader for each kind of body, found by its path.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import unquote, unquote_plus

from pgagents.base import registry
from pgagents.base.http import Request, read_json
from pgagents.base.jsonschema import schema as schemas
from pgagents.catalogue.encoding.medium import medium_of_action
from pgagents.catalogue.model.action import Action, Param

BAD_BODY, NO_OBJECT, WRONG_TYPE = "bad_body", "no_object", "wrong_type"
MAX_ITEMS = 1_000
MAX_BRACKETS = 20
_BRACKET = re.compile(r"\[([^\[\]]*)\]")
_MARKS = {"form": ",", "spaceDelimited": " ", "pipeDelimited": "|"}


@dataclass(frozen=True, slots=True)
class Pair:
    """One pair as sent. `name` is decoded; `raw` is the value with its percent-encoding."""

    name: str
    raw: str

    @property
    def text(self) -> str:
        """The decoded value."""
        return unquote_plus(self.raw)


@dataclass(frozen=True, slots=True)
class Field:
    """An argument to find among pairs. `schema` is resolved; `kinds` are its JSON types."""

    wire: str
    style: str
    explode: bool
    schema: Mapping[str, Any]
    kinds: frozenset[str]
    whole: bool = False
    """True if the value is the whole body."""
    json: bool = False
    """True if the value is one JSON text."""
    media: tuple[str, ...] = ()
    """The types that a file may have; empty if it may have any."""
    nulls: bool = False
    """True if an empty value means null, as in forms."""

    def is_null(self, text: str) -> bool:
        """True if this text of the argument means null."""
        return self.nulls and not text and "null" in self.kinds


class Unreadable(Exception):
    """A body, a query or a value in it cannot be read. `field` is its name on the wire if known.

    `kind` is the kind of problem in the refusal.
    """

    def __init__(self, message: str, field: str = "", kind: str = "invalid") -> None:
        super().__init__(message)
        self.field, self.kind = field, kind


def parse_pairs(text: str) -> list[Pair]:
    """Split a query or a form into its pairs."""
    found = []
    for part in text.split("&"):
        if part:
            name, _, raw = part.partition("=")
            found.append(Pair(unquote_plus(name), raw))
    return found


def find(field: Field, pairs: Iterable[Pair], used: set[str]) -> Any:
    """Return the texts of an argument in the structure of its value, or None if it has no pair.

    Names of pairs that were read are added to `used`. Raises Unreadable for a repeated or malformed value.
    """
    many = "array" in field.kinds
    if field.style == "deepObject" and field.kinds & {"object", "array"}:
        return _brackets(field, pairs, used)
    if "object" in field.kinds and field.explode:
        members = _names(field.schema)
        own = [p for p in pairs if p.name in members]
        used.update(p.name for p in own)
        return {p.name: p.text for p in own} if own else None
    own = [p for p in pairs if p.name == field.wire]
    if not own:
        return None
    used.add(field.wire)
    if len(own) == 1 and field.is_null(own[0].text):
        return ""
    if field.explode and many:
        return [p.text for p in own]
    if len(own) > 1:
        raise Unreadable(f"{field.wire} stands {len(own)} times", field.wire)
    if not field.kinds & {"object", "array"}:
        return own[0].text
    parts = _split(own[0].raw, _MARKS.get(field.style, ","))
    if many:
        return parts
    if len(parts) % 2:
        raise Unreadable(f"{field.wire} has a member without a value", field.wire)
    return dict(zip(parts[::2], parts[1::2], strict=True))


def find_json(field: Field, pairs: Iterable[Pair]) -> list[Any]:
    """Return the value of an argument that is sent as JSON, alone in a list; empty if it has no pair.

    Raises Unreadable for a repeated value, and for a text that is not JSON.
    """
    own = [p for p in pairs if p.name == field.wire]
    if len(own) > 1:
        raise Unreadable(f"{field.wire} stands {len(own)} times", field.wire)
    read = [read_json(p.text.encode("utf-8", "replace")) for p in own]
    if read and read[0].problem:
        raise Unreadable(f"{field.wire} is not JSON: {read[0].problem}", field.wire)
    return [one.value for one in read]


def _split(raw: str, mark: str) -> list[str]:
    """Split a list in one text.

    A comma separates only if it is not encoded; other marks are always encoded.
    """
    if mark == ",":
        return [unquote_plus(part) for part in raw.split(",")]
    return unquote(raw.replace("+", " ")).split(mark)


def _names(schema: Mapping[str, Any]) -> set[str]:
    found = set(schema.get("properties") or ())
    for key in ("allOf", "anyOf", "oneOf"):
        for branch in schema.get(key) or ():
            found |= _names(branch)
    return found


def _brackets(field: Field, pairs: Iterable[Pair], used: set[str]) -> Any:
    """Read `wire[a][b]=1`, `wire[]=1` and `wire[0][a]=1` into objects and lists."""
    tree: Any = None
    count = 0
    for pair in pairs:
        if pair.name == field.wire and field.is_null(pair.text) and tree is None:
            used.add(pair.name)
            tree = ""
            continue
        if pair.name == field.wire:
            raise Unreadable(f"{field.wire} is one value where an object or list is wanted", field.wire)
        if not pair.name.startswith(f"{field.wire}["):
            continue
        rest = pair.name[len(field.wire) :]
        steps = _BRACKET.findall(rest)
        if "".join(f"[{step}]" for step in steps) != rest or len(steps) > MAX_BRACKETS:
            raise Unreadable(f"{field.wire} has brackets that do not pair", field.wire)
        count += 1
        if count > MAX_ITEMS:
            raise Unreadable(f"{field.wire} has more than {MAX_ITEMS} parts", field.wire)
        used.add(pair.name)
        if tree == "":
            raise Unreadable(f"{field.wire} is null and an object or list", field.wire)
        tree = _put(tree if tree is not None else {}, steps, pair.text, field.wire)
    return _as_lists(tree) if tree is not None else None


def _put(tree: dict[str, Any], steps: list[str], text: str, wire: str) -> dict[str, Any]:
    here = tree
    for number, step in enumerate(steps):
        key = step if step else f"\0{len(here)}"
        if number == len(steps) - 1:
            if key in here:
                raise Unreadable(f"{wire}: a member stands twice", wire)
            here[key] = text
        else:
            inner = here.setdefault(key, {})
            if not isinstance(inner, dict):
                raise Unreadable(f"{wire}: a member is a value and an object", wire)
            here = inner
    return tree


def _as_lists(tree: Any) -> Any:
    """Turn objects whose members are numbered or unnamed into lists."""
    if not isinstance(tree, dict):
        return tree
    found = {key: _as_lists(value) for key, value in tree.items()}
    if found and all(key.startswith("\0") for key in found):
        return list(found.values())
    if found and sorted(found) == sorted(map(str, range(len(found)))):
        return [found[str(number)] for number in range(len(found))]
    return found


def as_typed(
    value: Any,
    schema: Mapping[str, Any],
    named: Mapping[str, Any],
    convert: Callable[[str, frozenset[str]], Any],
) -> Any:
    """Return a value in which each text is converted to a type that its own schema allows."""
    schema = schemas.resolve(schema, named)
    if isinstance(value, list):
        items = _inside(schema, "items", named)
        return [as_typed(item, items, named, convert) for item in value]
    if isinstance(value, dict):
        found = {}
        for name, inner in value.items():
            member = _member(schema, name, named)
            found[name] = as_typed(inner, member, named, convert)
        return found
    return convert(value, frozenset(types_of(schema, named))) if isinstance(value, str) else value


def _branches(schema: Mapping[str, Any], named: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    own = [schemas.resolve(b, named) for key in ("allOf", "anyOf", "oneOf") for b in schema.get(key) or ()]
    return [schema, *own]


def _inside(schema: Mapping[str, Any], key: str, named: Mapping[str, Any]) -> Mapping[str, Any]:
    return next((b[key] for b in _branches(schema, named) if isinstance(b.get(key), Mapping)), {})


def _member(schema: Mapping[str, Any], name: str, named: Mapping[str, Any]) -> Mapping[str, Any]:
    for branch in _branches(schema, named):
        properties = branch.get("properties") or {}
        if name in properties:
            found: Mapping[str, Any] = properties[name]
            return found
    return _inside(schema, "additionalProperties", named)


def types_of(schema: Mapping[str, Any], named: Mapping[str, Any]) -> set[str]:
    """Return the JSON types that a schema or its alternatives name."""
    schema = schemas.resolve(schema, named)
    kind = schema.get("type")
    if kind is not None:
        return {kind} if isinstance(kind, str) else set(kind)
    inner = [b for key in ("allOf", "anyOf", "oneOf") for b in schema.get(key) or ()]
    return set().union(*(types_of(b, named) for b in inner)) if inner else set()


# -- values of a body


UTF8 = ("utf-8", "utf8")


@dataclass(frozen=True, slots=True)
class Content:
    """The values of a body by their names on the wire, and the names that no argument has."""

    values: Mapping[str, Any]
    unknown: tuple[str, ...] = ()


def is_type(header: str | None, wanted: str) -> bool:
    """True if a Content-Type names this media type, with no other charset than UTF-8."""
    if header is None:
        return False
    kind, *parameters = (part.strip().lower() for part in header.split(";"))
    charsets = [p.partition("=")[2].strip('"') for p in parameters if p.startswith("charset=")]
    return kind == wanted.lower() and all(charset in UTF8 for charset in charsets)


# -- readers of bodies


Reader = Callable[[Request, Sequence[Field], str], Content]


@cache
def _readers() -> Mapping[str, Reader]:
    kinds = registry.collect("pgagents.sandbox.media")
    return {name: module.read for name, module in kinds.items()}


def reader_of(action: Action) -> Reader:
    """Return the reader of the action's body."""
    return _readers()[medium_of_action(action).name]


def field_of(param: Param, schema: Mapping[str, Any], types: frozenset[str]) -> Field:
    """Return how to find an argument among pairs. `schema` is resolved."""
    whole, nulls = param.place == "whole_body", param.place == "body" and param.as_text
    media = param.file.media if param.file is not None else ()
    style = param.style or "form"
    return Field(param.wire, style, param.explode, schema, types, whole, param.json, media, nulls)
