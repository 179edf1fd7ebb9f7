"""Values for arguments: fresh ones of each kind, and those that are certain to be allowed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Any
from uuid import UUID

from pgagents.base.jsonschema.schema import Schema, find_keyword, finder, follow, is_type, validator
from pgagents.base.text import split_words
from pgagents.catalogue.model.action import Param

_FRESH = {"email": "email", "uuid": "uuid", "uri": "url"}
_FRESH_BY_PATTERN = ("url", "email", "uuid")
"""Kinds that a pattern without a format may ask for."""
_ROOM = 40
"""Length that a schema must allow for a fresh text, in characters."""
_MARK = "pgv-0123456789abcdef-12"
"""A text in the form of a run's fresh values, for testing a pattern."""
_SURE = 6
"""The first forms of a fresh text, whose characters and length are the same for every mark."""
_DEEPEST = 4
_PLAIN = (
    "type", "enum", "const", "pattern", "minLength", "maxLength", "minimum", "maximum", "exclusiveMinimum",
    "exclusiveMaximum", "multipleOf",
)  # fmt: skip

_BOUNDS = ("maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")
"""Keywords that the least number of a schema, or 1, may break."""


POWERS = frozenset(("admin", "administrator", "owner", "root", "superadmin", "superuser", "sudo"))
"""Words of the choices that give rights to all."""
_LEAST: tuple[str, ...] = (
    "none",
    "read",
    "readonly",
    "viewer",
    "view",
    "guest",
    "reader",
    "basic",
    "member",
    "user",
)
"""Words of the choices that give least, the least first."""


def order_choices(choices: Sequence[Any]) -> list[Any]:
    """Return choices with those that give fewest rights first, where one makes an administrator or owner."""
    words = [set(split_words(str(one))) for one in choices]
    if not any(POWERS & said for said in words):
        return list(choices)
    ranks = [next((n for n, least in enumerate(_LEAST) if least in said), len(_LEAST)) for said in words]
    return [one for _, one in sorted(zip(ranks, choices, strict=True), key=lambda pair: pair[0])]


def list_moments(params: Iterable[Param], schemas: Mapping[str, Any]) -> list[Param]:
    """Return the required arguments that are a date with a time."""
    return [p for p in params if p.required and find_keyword(p.schema, "format", schemas) == "date-time"]


def choose_value(schema: Schema, named: Mapping[str, Any], shown: Mapping[str, Any], name: str) -> Any:
    """Return a value that a schema allows, new for each instance if possible; None if none is certain.

    `shown` are the arguments of an example, `name` is the argument's.
    """
    plain = is_type(schema, ("string",)) and not {"enum", "const"} & schema.keys()
    if plain and find_known_texts(name):
        return shown[name] if _may_be(shown.get(name), schema) else _fixed(schema, named, _DEEPEST)
    format = find_format(name, schema)
    if plain and format in _FRESH and "pattern" not in schema:
        return f"=fresh.{_FRESH[format]}" if _has_room(schema, _FRESH[format]) else None
    if plain and not format and (kind := _find_fresh_kind(schema)):
        return f"=fresh.{kind}"
    given = shown.get(name)
    return given if _may_be(given, schema) else _fixed(schema, named, _DEEPEST)


def _may_be(value: Any, schema: Schema) -> bool:
    """True if the schema's plain keywords allow a value. Values in documents are sometimes wrong."""
    plain = {key: schema[key] for key in _PLAIN if key in schema}
    try:
        return value is not None and bool(validator(plain, {}).is_valid(value))
    except ValueError:
        return False


def find_unsure(schema: Schema, named: Mapping[str, Any], shown: Mapping[str, Any], name: str) -> str:
    """Return the dotted path of the argument, or of its member, without a certain value; empty if there is
    one.

    The parameters are those of `choose_value`.
    """
    if choose_value(schema, named, shown, name) is not None:
        return ""
    return ".".join((name, *_find_unsure_member(schema, named, _DEEPEST)))


def _find_unsure_member(schema: Schema, named: Mapping[str, Any], depth: int) -> tuple[str, ...]:
    """Return the path of the first required member without a certain value.

    The path is empty if the whole value has none.
    """
    members, needed = schema.get("properties", {}), schema.get("required", ())
    for name in needed if depth and is_type(schema, ("object",)) and isinstance(needed, list) else ():
        member = follow(members.get(name, {}), named)
        if _fixed(member, named, depth - 1) is None:
            return (name, *_find_unsure_member(member, named, depth - 1))
    return ()


def _find_fresh_kind(schema: Schema) -> str:
    """Return a kind of new values, such as `text`, that all fit a string's schema; empty if there is none.

    A pattern may ask for a form that no new value has.
    """
    pattern, least, most = schema.get("pattern"), schema.get("minLength", 0), schema.get("maxLength", _ROOM)
    if not isinstance(pattern, str):
        return "text" if _has_room(schema, "text") else ""
    try:
        fits = finder(pattern)
    except ValueError:
        return ""
    if any(least < len(text) <= most and fits(text) for text in list_forms("text", _MARK)[:_SURE]):
        return "text"
    others = (kind for kind in _FRESH_BY_PATTERN if _has_room(schema, kind))
    return next((kind for kind in others if all(map(fits, list_forms(kind, _MARK)))), "")


def _has_room(schema: Schema, kind: str) -> bool:
    """True if the lengths that a schema allows are those of new values of a kind."""
    least, most = schema.get("minLength", 0), schema.get("maxLength", _ROOM)
    return most >= _ROOM and len(list_forms(kind, _MARK[:-1])[0]) >= int(least)


def _fixed(schema: Schema, named: Mapping[str, Any], depth: int) -> Any:
    """Return a value that is always the same: an example, the first of a list, the least number."""
    for key in ("examples", "enum"):
        if isinstance(schema.get(key), list) and schema[key]:
            return (order_choices(schema[key]) if key == "enum" else schema[key])[0]
    for key in ("default", "const"):
        if key in schema:
            return schema[key]
    if is_type(schema, ("integer", "number")):
        least = schema.get("minimum", 1)
        if isinstance(least, int | float) and least < 0 and _may_be(1, schema):
            return 1  # a stock that takes -100000 to 100000 seldom has so many to give (Fastify, 2026-11-29)
        return least if schema.keys().isdisjoint(_BOUNDS) or _may_be(least, schema) else None
    if is_type(schema, ("boolean",)):
        return False
    if is_type(schema, ("array",)):
        return [] if not schema.get("minItems") else None
    return _object(schema, named, depth - 1) if is_type(schema, ("object",)) and depth else None


def _object(schema: Schema, named: Mapping[str, Any], depth: int) -> dict[str, Any] | None:
    """Return an object with only its required members; None if one of them has no certain value."""
    if schema.get("minProperties") or {"anyOf", "oneOf", "not", "if"} & schema.keys():
        return None
    members, found, needed = schema.get("properties", {}), dict[str, Any](), schema.get("required", ())
    for name in needed if isinstance(needed, list) else ():  # an argument's own `required` is a flag
        value = _fixed(follow(members.get(name, {}), named), named, depth)
        if value is None:
            return None
        found[name] = value
    return found


# -- values that a name asks for


_KNOWN: Mapping[str, tuple[str, ...]] = {
    "currency": ("EUR", "eur", "USD"),
    "country": ("DE", "DEU", "Germany"),
    "language": ("en", "en-US", "eng"),
    "lang": ("en", "en-US", "eng"),
    "locale": ("en", "en-US", "en_US"),
    "timezone": ("Europe/Berlin", "UTC"),
    "tz": ("Europe/Berlin", "UTC"),
}
_KNOWN_BY_TWO = {"time zone": "timezone"}
_CODES = ("code", "iso", "name")
"""Words behind which the meaning of a name stands: `country_code`."""


def find_known_texts(name: str) -> tuple[str, ...]:
    """Return texts that an argument takes by its name, such as `EUR` for `currency`; else none."""
    words = split_words(name)
    if len(words) > 1 and words[-1] in _CODES:
        words = words[:-1]
    last = _KNOWN_BY_TWO.get(" ".join(words[-2:]), words[-1] if words else "")
    return _KNOWN.get(last, ())


def find_format(name: str, schema: Schema) -> str:
    """Return the format that a text has, or takes by its name: `email` where a schema calls it any text."""
    plain = not {"format", "pattern", "enum", "const"} & schema.keys()
    named = "".join(split_words(name)[-1:]) in ("email", "mail")
    return "email" if plain and named and is_type(schema, ("string",)) else str(schema.get("format", ""))


# -- fresh values


MOST_INT = 2**53 - 1
"""The greatest whole number that every JSON parser keeps exactly."""


def list_forms(kind: str, mark: str) -> list[Any]:
    """Return values of a kind that contain a mark, the most readable first.

    Kinds are `text`, `slug`, `email`, `uuid`, `int` and `url`. If the mark does not fit, its digest replaces
    it.
    """
    digest = sha256(mark.encode()).digest()
    number = int.from_bytes(digest[:8], "big")
    if kind == "email":
        return [f"{mark}@example.com"]
    if kind == "url":
        return [f"https://{mark}.example/"]
    if kind == "uuid":
        return [_begin_with_letter(str(UUID(bytes=digest[:16], version=4)), digest)]
    if kind == "int":
        return [number % MOST_INT, *(number % 10**digits for digits in (12, 9, 6, 4))]
    plain = mark.replace("-", "")
    return [
        mark,
        plain,
        plain.upper(),
        mark.replace("-", "_"),
        _begin_with_letter(digest.hex()[:16], digest),
        _begin_with_letter(digest.hex()[:16], digest).upper(),
        str(number),
    ]


def _begin_with_letter(digits: str, digest: bytes) -> str:
    """Return hexadecimal digits of which the first is a letter, so that none reads them as a number."""
    return "abcdef"[digest[0] % 6] + digits[1:] if digits[0].isdigit() else digits
