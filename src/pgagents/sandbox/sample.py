"""Make a value for a schema for which a catalogue gives no example, and new ids."""

from __future__ import annotations

import json
import math
import random
import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from re import _constants, _parser
from typing import Any
from uuid import UUID

from pgagents.base.jsonschema import schema as schemas
from pgagents.base.jsonschema.patterns import MOST_SPELLED
from pgagents.catalogue.encoding.medium import MAX_BOUNDARY
from pgagents.sandbox.call import rfc3339
from pgagents.sandbox.keys import word

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
        for name, member in part.get("properties", {}).items():
            # one part may describe a member of which another lists the values
            own = properties.get(name)
            properties[name] = member if own is None else _merge(own, member, known)
        required.update(dict.fromkeys(part.get("required", ())))
    return sample({"type": "object", "properties": properties, "required": list(required)}, known, now)


def _merge(own: Mapping[str, Any], member: Mapping[str, Any], known: Schemas) -> dict[str, Any]:
    """Return the keywords of two schemas of one member."""
    return {**schemas.resolve(own, known), **schemas.resolve(member, known)}


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


# -- keywords that apply other schemas


_WORDS = frozenset(
    ("contains", "dependentRequired", "dependentSchemas", "if", "not", "patternProperties", "minProperties")
)
Sample = Callable[[Mapping[str, Any]], Any]
MOST_CONTAINED = 10_000
"""Most items that `contains` wants which are added."""
_OTHERS = ("text-2", "Text", "a", 1, 2, 7, 0.5, True)


def complete(
    value: Any,
    schema: Mapping[str, Any],
    known: Mapping[str, Any],
    sample: Sample,
) -> Any:
    """Return the value; if a keyword refuses it, a similar one that the schema accepts."""
    if not _WORDS & schema.keys() or _fits(schema, known, value):
        return value
    if isinstance(value, dict):
        value = _object(dict(value), schema, known, sample)
    if isinstance(value, list) and "contains" in schema:
        return [*value, *[sample(schema["contains"])] * min(schema.get("minContains", 1), MOST_CONTAINED)]
    if "not" in schema and not _fits(schema, known, value):
        return next((other for other in _OTHERS if _fits(schema, known, other)), value)
    return value


def _object(
    value: dict[str, Any],
    schema: Mapping[str, Any],
    known: Mapping[str, Any],
    sample: Sample,
) -> dict[str, Any]:
    members = schema.get("properties", {})
    lacking = [
        name
        for trigger, names in schema.get("dependentRequired", {}).items()
        if trigger in value
        for name in names
    ]
    parts = [part for trigger, part in schema.get("dependentSchemas", {}).items() if trigger in value]
    if "if" in schema:
        parts.append(schema.get("then" if _fits(schema["if"], known, value) else "else", {}))
    for part in (schemas.resolve(part, known) for part in parts):
        own = {
            n: {**schemas.resolve(members.get(n, {}), known), **s}
            for n, s in part.get("properties", {}).items()
        }
        members = {**members, **own}
        lacking += [*part.get("required", ()), *(name for name in own if name in value)]
    for name in lacking:
        value[name] = sample(members.get(name, {}))
    for name, member in members.items():
        if len(value) < schema.get("minProperties", 0):
            value.setdefault(name, sample(member))
    return value


def _fits(schema: Mapping[str, Any], known: Mapping[str, Any], value: Any) -> bool:
    needed = {name: known[name] for name in schemas.closure(schema, known)}
    return bool(_validator(json.dumps([schema, needed], sort_keys=True, default=str)).is_valid(value))


@lru_cache(maxsize=500)
def _validator(text: str) -> Any:
    schema, known = json.loads(text)
    return schemas.validator(schema, known)


# -- ids


DIGITS = "0123456789"
LETTERS = "abcdefghijklmnopqrstuvwxyz"
MOST_REPEATS = 12
LONGEST = 1_000
"""Most characters of an id."""


def candidates(like: Any, wanted: Mapping[str, Any], rng: random.Random) -> Iterator[Any]:
    """Yield ids to try, the most likely first: by the schema `wanted`, or else similar to `like`."""
    kinds = wanted.get("type")
    kinds = [kinds] if isinstance(kinds, str) else kinds or []
    if (
        "integer" in kinds
        or "number" in kinds
        or (isinstance(like, int | float) and not isinstance(like, bool))
    ):
        yield from (rng.randint(1, 10**n) for n in (6, 6, 9, 9, 12, 4, 4, 2, 2))
        least, most = wanted.get("minimum", 1), wanted.get("maximum", 10**9)
        yield from (rng.randint(int(least), max(int(least), int(most))) for _ in range(20))
    if wanted.get("format") == "uuid":
        yield from (str(UUID(int=rng.getrandbits(128), version=4)) for _ in range(3))
    if pattern := wanted.get("pattern"):
        yield from (generate_text(pattern, rng) for _ in range(20))
    stem = re.sub(r"[A-Za-z0-9]*$", "", str(like or ""))
    yield from (stem + word(rng, 12) for _ in range(3))
    yield from (stem + "".join(rng.choices(DIGITS, k=n)) for n in (9, 6, 6, 6, 4, 4))
    yield from (stem + word(rng, n).lower() for n in (8, 6, 4))
    least, most = min(int(wanted.get("minLength", 0)), LONGEST), int(wanted.get("maxLength", 12))
    yield from (word(rng, max(least, min(most, 12))) for _ in range(3))


def generate_text(pattern: str, rng: random.Random) -> str:
    """Return a random text that matches a pattern."""
    return _random_text(_parse(pattern), rng)


_parse = lru_cache(maxsize=500)(_parser.parse)
"""A sandbox makes thousands of ids and request ids by a few patterns."""


def _random_text(parts: Any, rng: random.Random) -> str:
    return "".join(_random_piece(op, value, rng) for op, value in parts)


def _random_piece(op: Any, value: Any, rng: random.Random) -> str:
    if op is _constants.LITERAL:
        return chr(value)
    if op in (_constants.MAX_REPEAT, _constants.MIN_REPEAT):
        least, most, inner = value
        times = (
            least
            if most == least
            else rng.randint(max(least, min(4, int(most))), max(least, min(int(most), MOST_REPEATS)))
        )
        if len(inner) == 1 and inner[0][0] is _constants.IN:  # most of any id
            return "".join([_one_of(inner[0][1], rng) for _ in range(times)])
        return "".join(_random_text(inner, rng) for _ in range(times))
    if op is _constants.SUBPATTERN:
        return _random_text(value[3], rng)
    if op is _constants.BRANCH:
        return _random_text(rng.choice(value[1]), rng)
    if op is _constants.IN:
        return _one_of(value, rng)
    return rng.choice(LETTERS) if op in (_constants.ANY, _constants.NOT_LITERAL) else ""


def _one_of(items: Any, rng: random.Random) -> str:
    """Return one character of a class. For a negated class it is a letter, which may still be refused."""
    if items[0][0] is _constants.NEGATE:
        return rng.choice(LETTERS)
    op, value = rng.choice(items)
    if op is _constants.LITERAL:
        return chr(value)
    if op is _constants.RANGE:
        return chr(rng.randint(*value))
    return rng.choice(
        DIGITS
        if value is _constants.CATEGORY_DIGIT
        else " "
        if value is _constants.CATEGORY_SPACE
        else LETTERS
    )
