"""Makes new ids for the mock, by the type, format and pattern in the catalogue."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping
from re import _constants, _parser  # private, but there is no other parser for patterns; tests cover its use
from typing import Any
from uuid import UUID

from pgagents.sandbox.keys import word

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
    return _text(_parser.parse(pattern), rng)


def _text(parts: Any, rng: random.Random) -> str:
    return "".join(_piece(op, value, rng) for op, value in parts)


def _piece(op: Any, value: Any, rng: random.Random) -> str:
    if op is _constants.LITERAL:
        return chr(value)
    if op in (_constants.MAX_REPEAT, _constants.MIN_REPEAT):
        least, most, inner = value
        times = (
            least
            if most == least
            else rng.randint(max(least, min(4, int(most))), max(least, min(int(most), MOST_REPEATS)))
        )
        return "".join(_text(inner, rng) for _ in range(times))
    if op is _constants.SUBPATTERN:
        return _text(value[3], rng)
    if op is _constants.BRANCH:
        return _text(rng.choice(value[1]), rng)
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
