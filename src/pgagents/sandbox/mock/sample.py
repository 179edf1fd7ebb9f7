"""Make a value for a schema for which a catalogue gives no example."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from functools import lru_cache
from re import _constants, _parser  # private, but there is no other parser for patterns; tests cover its use
from typing import Any

from pgagents.encoding.file import MAX_BOUNDARY
from pgagents.jsonschema import schema as schemas
from pgagents.jsonschema.patterns import MOST_SPELLED
from pgagents.sandbox.clock import rfc3339
from pgagents.sandbox.mock.completion import complete

MOST_ITEMS = 10_000
"""Most items of a list in an answer. One that must have more is shorter, so it breaks its schema."""
Schemas = Mapping[str, Any]


def sample(schema: Mapping[str, Any], known: Schemas, now: float) -> Any:
    """Return the simplest value of a schema: its constant, the first of an enum, the least number.

    An object has its required members.
    """
    value = _plain(schema, known, now)
    return complete(value, schemas.resolve(schema, known), known, lambda part: sample(part, known, now))


def _plain(schema: Mapping[str, Any], known: Schemas, now: float) -> Any:
    schema = schemas.resolve(schema, known)
    for key in ("const", "default"):
        if key in schema:
            return schema[key]
    for key in ("enum", "examples"):
        if schema.get(key):
            return schema[key][0]
    for key in ("oneOf", "anyOf"):
        if schema.get(key):
            return sample(schema[key][0], known, now)
    if schema.get("allOf"):
        return _all(schema, known, now)
    kind = schema.get("type", "object" if "properties" in schema else "null")
    kind = kind if isinstance(kind, str) else kind[0]
    if kind == "object":
        members = schema.get("properties", {})
        return {str(n): sample(members[n], known, now) for n in schema.get("required", ()) if n in members}
    if kind == "array":
        first = schema.get("prefixItems", ())
        count = max(min(schema.get("minItems", len(first)), MOST_ITEMS), len(first))
        parts = [*first, *[schema.get("items", {})] * (count - len(first))]
        return [sample(part, known, now) for part in parts]
    if kind in ("integer", "number"):
        return _number(schema, kind)
    if kind == "string":
        return _text(schema, now)
    return False if kind == "boolean" else None


def with_required(value: Any, schema: Mapping[str, Any], known: Schemas, now: float) -> Any:
    """Return an object with its missing required members added: null, or else a sample."""
    schema = schemas.resolve(schema, known)
    if not isinstance(value, dict):
        return value
    found = dict(value)
    for name, member in schema.get("properties", {}).items():
        if name in found:
            found[name] = with_required(found[name], member, known, now)
        elif name in schema.get("required", ()):
            own = schemas.resolve(member, known)
            found[str(name)] = None if "null" in (own.get("type") or ()) else sample(member, known, now)
    return found


def _all(schema: Mapping[str, Any], known: Schemas, now: float) -> Any:
    """Return a sample of all parts as one object, because one part may require a member that another
    describes.
    """
    properties: dict[str, Any] = {}
    required: dict[str, None] = {}
    parts = [{k: v for k, v in schema.items() if k != "allOf"}, *schema["allOf"]]
    while parts:
        part = schemas.resolve(parts.pop(), known)
        parts += part.get("allOf", ())
        properties.update(part.get("properties", {}))
        required.update(dict.fromkeys(part.get("required", ())))
    return sample({"type": "object", "properties": properties, "required": list(required)}, known, now)


def _number(schema: Mapping[str, Any], kind: str) -> Any:
    step = schema.get("multipleOf") or (1 if kind == "integer" else 0.5)
    least = schema.get("minimum", 0 if schema.get("maximum", 0) >= 0 else schema.get("maximum"))
    if "exclusiveMinimum" in schema:
        least = max(least, schema["exclusiveMinimum"] + step / 2)
    value = math.ceil(least / step) * step
    return int(value) if kind == "integer" or float(value).is_integer() else value


def _text(schema: Mapping[str, Any], now: float) -> str:
    formats = {
        "date-time": rfc3339(now), "date": rfc3339(now)[:10], "uri": "https://example.com/",
        "email": "someone@example.com",
        "uuid": "8f14e45f-ceea-467f-9b1a-0d3b8f7c2a11",
    }  # fmt: skip
    text = (
        pattern_text(schema["pattern"])
        if "pattern" in schema
        else formats.get(schema.get("format", ""), "text")
    )
    if "pattern" not in schema and "format" not in schema:
        least = min(schema.get("minLength", 0), MAX_BOUNDARY)
        text = text.ljust(least, "x")[: schema.get("maxLength", max(least, 80))]
    return text


@lru_cache(1024)
def pattern_text(pattern: str) -> str:
    """Return a short text that matches a pattern; "text" for a pattern that is too complex."""
    try:
        return _render_parts(_parser.parse(pattern))
    except (re.error, RecursionError, OverflowError, StopIteration, _TooLong):
        return "text"


class _TooLong(Exception):
    """The text would be longer than MOST_SPELLED characters."""


def _render_parts(parts: Any) -> str:
    return "".join(_piece(op, value) for op, value in parts)


def _piece(op: Any, value: Any) -> str:
    if op is _constants.LITERAL:
        return chr(value)
    if op in (_constants.MAX_REPEAT, _constants.MIN_REPEAT):
        least, most, inner = value
        text, times = _render_parts(inner), int(max(least, min(1, most)))
        if len(text) * times > MOST_SPELLED:
            raise _TooLong
        return text * times
    if op is _constants.SUBPATTERN:
        return _render_parts(value[3])
    if op is _constants.BRANCH:
        return _render_parts(value[1][0])
    if op is _constants.IN:
        return _member(value)
    return "a" if op in (_constants.ANY, _constants.NOT_LITERAL) else ""


def _member(items: Any) -> str:
    """Return one character of a class. For a negated class it is the first common one outside it."""
    negated = items[0][0] is _constants.NEGATE
    if negated:
        return next(str(c) for c in "aA0-_ " if not any(_holds(op, value, c) for op, value in items[1:]))
    op, value = items[0]
    if op is _constants.LITERAL:
        return chr(value)
    if op is _constants.RANGE:
        return chr(value[0])
    return "0" if value is _constants.CATEGORY_DIGIT else " " if value is _constants.CATEGORY_SPACE else "a"


def _holds(op: Any, value: Any, char: str) -> bool:
    if op is _constants.LITERAL:
        return bool(chr(value) == char)
    if op is _constants.RANGE:
        return bool(value[0] <= ord(char) <= value[1])
    return (value is _constants.CATEGORY_DIGIT and char.isdigit()) or (
        value is _constants.CATEGORY_WORD and (char.isalnum() or char == "_")
    )
