"""Make up values that a schema allows although neither its author nor a document shows one.

A value is taken from an example, a default or an enumeration if there is one. Otherwise the argument's name
decides (`currency`), then its format, its pattern and its bounds. Times lie some weeks ahead: each call has a
slot of its own, and an end comes an hour after its start. Every value is checked by the schema's validator.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from random import Random
from string import ascii_lowercase, digits
from typing import Any

from pgagents.base.jsonschema.combine import join
from pgagents.base.jsonschema.direction import is_read_only
from pgagents.base.text import singular, split_words
from pgagents.catalogue.encoding.medium import is_pattern, make_file
from pgagents.catalogue.model.action import FileLimits
from pgagents.catalogue.model.values import find_format, find_known_texts, list_forms, order_choices
from pgagents.verify.values.bounds import fit_count
from pgagents.verify.values.schema_values import (
    accepts,
    fit,
    list_varied,
    low,
    matches,
    pattern_text,
    types_of,
)

MOST_CANDIDATES = 3
"""The most values of one argument that are tried after each other."""
AHEAD = timedelta(days=40)
"""The time from the day of the run to the first slot: bookings may be refused if they are soon or late."""
_HOURS = range(10, 18)
"""The hours of a day in which times lie, in UTC."""
_WEEKDAYS = 5
CONSONANTS = "bcdfghjklmnpqrstvwxz"
"""Letters that hardly spell a word of others."""
_DEEPEST = 6
_LONG = 16
"""Characters of a text that is new in each run by its digest."""
_MOST_TEXT = 2_000
_KINDS = ("text", "url", "email", "uuid")
"""Kinds of fresh values whose texts a pattern may ask for, the most frequent first."""
_FILES = ("image/png", "text/plain", "application/pdf")
"""The types of a file of which a document names none. LNbits 1.6.2 takes pictures alone, 2026-11-27."""
_ENDS = frozenset(
    (
        *("end", "ends", "ended", "ending", "to", "until", "till", "finish", "finishes", "stop", "stops"),
        *(
            "close",
            "closes",
            "expire",
            "expires",
            "expiry",
            "expiration",
            "due",
            "deadline",
            "out",
            "arrival",
        ),
        *("arrives", "return", "returns", "dropoff", "checkout", "thru", "through", "latest", "before"),
    )
)
"""Words in the names of times that come after another time of the same call."""
_LONG_AGO = frozenset(("birth", "birthday", "birthdate", "born", "dob", "death", "founded", "hired"))


@dataclass(frozen=True, slots=True)
class Choice:
    """The choice of the values of one call.

    `day` is the day of the run, and `slot` the number of the call, so that its times are its own. `turn`
    counts the values that the server refused, and `mark` is a new text of the run.
    """

    day: date
    slot: int = 0
    turn: int = 0
    mark: str = "pgv"


def make_up(name: str, schema: Mapping[str, Any], schemas: Mapping[str, Any], choice: Choice) -> Any:
    """Return a value for the argument `name` that the schema allows; None if none is found."""
    value = _make(name, schema, schemas, choice, _DEEPEST)
    if value is None or accepts(schema, schemas, value):
        return value
    completed = fit(value, schema, schemas, lambda part: _make_or_low(name, part, schemas, choice))
    return completed if accepts(schema, schemas, completed) else None


def _make_or_low(name: str, schema: Mapping[str, Any], schemas: Mapping[str, Any], choice: Choice) -> Any:
    value = _make(name, schema, schemas, choice, 1)
    return low(schema, schemas) if value is None else value


def _make(
    name: str, written: Mapping[str, Any], schemas: Mapping[str, Any], choice: Choice, depth: int
) -> Any:
    """Return a value made keyword by keyword; None if none is found."""
    schema = join(written, schemas).schema
    for key in ("const", "default"):
        if schema.get(key) is not None:
            return schema[key]
    for key in ("examples", "enum"):
        listed = [v for v in schema.get(key) or () if v is not None and accepts(schema, schemas, v)]
        if listed:
            listed = order_choices(listed) if key == "enum" else listed
            return listed[min(choice.turn, len(listed) - 1)]
    for key in ("oneOf", "anyOf"):
        if schema.get(key):
            return _make_alternative(name, schema, key, schemas, choice, depth)
    kinds = [kind for kind in types_of(schema) if kind != "null"] or ["string"]
    for kind in kinds:
        value: Any
        if kind == "object":
            value = _make_object(schema, schemas, choice, depth)
        elif kind == "array":
            value = _make_array(name, schema, schemas, choice, depth)
        elif kind == "string":
            value = _make_text(name, schema, choice)
        else:
            value = low(schema, schemas)
        if value is not None:
            return value
    return None


def _make_alternative(
    name: str,
    schema: Mapping[str, Any],
    key: str,
    schemas: Mapping[str, Any],
    choice: Choice,
    depth: int,
) -> Any:
    """Return a value of one alternative that the whole schema allows; later turns begin with later ones."""
    beside = {k: v for k, v in schema.items() if k not in (key, "discriminator", "title", "description")}
    parts = [part for part in schema[key] if types_of(join(part, schemas).schema) != ("null",)]
    first = choice.turn % len(parts) if parts else 0
    for part in (*parts[first:], *parts[:first]):
        value = _make(name, {"allOf": [beside, part]} if beside else part, schemas, choice, depth - 1)
        if value is not None and accepts(schema, schemas, value):
            return value
    return None


def _make_object(
    schema: Mapping[str, Any], schemas: Mapping[str, Any], choice: Choice, depth: int
) -> dict[str, Any] | None:
    """Return an object with its required members; None if one of them has no value."""
    if not depth:
        return None
    members, found = schema.get("properties", {}), dict[str, Any]()
    for name in schema.get("required") or ():
        member = members.get(name, {})
        if is_read_only(member, schemas):
            continue
        value = _make(name, member, schemas, choice, depth - 1)
        if value is None:
            return None
        found[name] = value
    return found


def _make_array(
    name: str, schema: Mapping[str, Any], schemas: Mapping[str, Any], choice: Choice, depth: int
) -> list[Any] | None:
    """Return a list with as few items as are allowed; None if they have no values."""
    least = schema.get("minItems", 0)
    if not least:
        return []
    if not depth:
        return None
    items = [_make_item(name, schema, schemas, choice, n, depth) for n in range(fit_count(least, None))]
    return None if None in items else items


def _make_item(
    name: str, schema: Mapping[str, Any], schemas: Mapping[str, Any], choice: Choice, n: int, depth: int
) -> Any:
    first = schema.get("prefixItems") or ()
    item = first[n] if n < len(first) else schema.get("items") or {}
    listed = join(item, schemas).schema.get("enum") if schema.get("uniqueItems") else None
    if listed:
        return listed[n] if n < len(listed) else None
    own = Choice(choice.day, choice.slot + n, choice.turn, f"{choice.mark}-n{n}" if n else choice.mark)
    value = _make(singular(name), item, schemas, own, depth - 1)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return value + n if is_number and schema.get("uniqueItems") else value


# -- texts


def _make_text(name: str, schema: Mapping[str, Any], choice: Choice) -> str | None:
    """Return the text of this turn among those that a schema allows, or the last one; None without one."""
    found: list[str] = []
    for text in _list_texts(name, schema, choice):
        if text not in found and matches(schema, text):
            found.append(text)
        if len(found) > choice.turn:
            break
    return found[-1] if found else None


def _list_texts(name: str, schema: Mapping[str, Any], choice: Choice) -> Iterator[str]:
    """Yield texts that a schema may allow, the likeliest first. The caller checks them."""
    format, pattern = find_format(name, schema), schema.get("pattern")
    least, most = schema.get("minLength", 0), schema.get("maxLength")
    yield from find_known_texts(name)
    if format in _TIMES:
        yield from _list_times(name, format, choice)
    yield from _list_of_format(format, choice)
    if is_pattern(pattern):
        yield from (make_file(FileLimits(), media=media).url for media in _FILES)
    if isinstance(pattern, str):
        for kind in _KINDS:
            yield from list_forms(kind, choice.mark)
        text = pattern_text(pattern, least, most, longest=False)
        if text and re.search("[A-Za-z]", text) and matches(schema, text):
            yield _draw_like(text, schema, choice)
        others = list_varied(schema, text) if text and matches(schema, text) else ()
        if others:
            yield others[(_number(choice) + choice.slot) % len(others)]
        yield text
        yield pattern_text(pattern, max(least, 1), most, longest=True)
        return
    yield from _list_of_length(least, most, choice)


def _draw_like(text: str, schema: Mapping[str, Any], choice: Choice) -> str:
    """Return a text with another letter and digit for each that the schema lets vary, new in each call."""
    chance = Random(choice.mark)
    for at, char in enumerate(text[:_LONG]):
        other = text[:at] + draw_char(char, chance) + text[at + 1 :]
        text = other if matches(schema, other) else text
    return text


def draw_char(char: str, chance: Random) -> str:
    """Return another letter or digit for one; any other character stays."""
    if char.isdecimal():
        return chance.choice(digits)
    drawn = chance.choice(CONSONANTS) if char.isalpha() else char
    return drawn.upper() if char.isupper() else drawn


def _list_of_length(least: int, most: int | None, choice: Choice) -> Iterator[str]:
    """Yield texts of a length: the run's mark if it fits, else letters that are new in each call."""
    if least > _MOST_TEXT:
        return
    for text in list_forms("text", choice.mark):
        if most is None or len(text) <= most:
            yield text if len(text) >= least else text + "p" * (least - len(text))
    room = min(_LONG, most if most is not None else _LONG)
    letters = _letters(choice)[: max(least, room)]
    yield letters
    yield letters.upper()
    yield letters.title()
    yield str(_number(choice))[: max(least, room)]
    yield "1"


def _letters(choice: Choice) -> str:
    """Return sixteen small letters that are new for each call of each run."""
    return "".join(ascii_lowercase[byte % 26] for byte in sha256(choice.mark.encode()).digest()[:_LONG])


def _number(choice: Choice) -> int:
    return int.from_bytes(sha256(choice.mark.encode()).digest()[:8], "big")


_TIMES = {
    "date-time": ("%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S.000Z"),
    "date": ("%Y-%m-%d",),
    "time": ("%H:%M:%SZ", "%H:%M:%S"),
}


def _list_times(name: str, format: str, choice: Choice) -> Iterator[str]:
    """Yield times of a format: one in this call's slot, one in the recent past, and one long ago."""
    words = frozenset(split_words(name))
    start = find_slot(choice.day, choice.slot)
    past = datetime.combine(choice.day, start.time(), UTC) - timedelta(days=30)
    born = start.replace(year=1990, day=min(start.day, 28))
    later = not words.isdisjoint(_ENDS)
    shift = timedelta(days=later) if format == "date" else timedelta(hours=later)
    moments = (born, past, start) if not words.isdisjoint(_LONG_AGO) else (start, past, born)
    for form in _TIMES[format]:
        yield from ((moment + shift).strftime(form) for moment in moments)


def find_slot(day: date, slot: int) -> datetime:
    """Return the beginning of a slot: a whole hour of a working day, forty days or more after `day`."""
    start = day + AHEAD
    start += timedelta(days=-start.weekday() % 7)  # the next Monday
    days, hour = divmod(slot, len(_HOURS))
    weeks, weekday = divmod(days, _WEEKDAYS)
    return datetime(start.year, start.month, start.day, _HOURS[hour], tzinfo=UTC) + timedelta(
        weeks=weeks, days=weekday
    )


def _list_of_format(format: str, choice: Choice) -> Sequence[str]:
    """Return texts of a format that is not a time; empty for a format that is not known."""
    digest = sha256(choice.mark.encode()).digest()
    short = digest.hex()[:6]
    texts: Mapping[str, Sequence[str]] = {
        "duration": ("PT1H", "P1D"),
        "hostname": (f"{choice.mark}.example.com", f"{short}.example.com", "example.com"),
        "idn-hostname": (f"{choice.mark}.example.com", "example.com"),
        "ipv4": (f"192.0.2.{1 + digest[0] % 254}", "127.0.0.1"),
        "ipv6": (f"2001:db8::{1 + digest[0] % 254:x}", "::1"),
        "email": (f"{choice.mark}@example.com", f"{short}@example.com", "a@b.io"),
        "idn-email": (f"{choice.mark}@example.com", f"{short}@example.com"),
        "uuid": tuple(list_forms("uuid", choice.mark)),
        "uri": (f"https://example.com/{choice.mark}", "https://example.com/", "http://a.io"),
        "url": (f"https://example.com/{choice.mark}", "https://example.com/", "http://a.io"),
        "uri-reference": (f"/{choice.mark}", "/"),
        "iri": (f"https://example.com/{choice.mark}", "https://example.com/"),
        "byte": (base64.b64encode(choice.mark.encode()).decode(), "cGd2", "cA=="),
        "base64": (base64.b64encode(choice.mark.encode()).decode(), "cGd2"),
        "password": (f"{choice.mark}-Aa1!", f"{short}Aa1!", f"{short[:2]}A1!"),
        "phone": ("+493023125000", "+12025550143"),
        "decimal": ("1.00", "1"),
        "regex": ("^a$",),
        "json-pointer": ("/a",),
        "color": ("#336699", "#369"),
        "int64": (str(_number(choice) % 10**9),),
    }
    return texts.get(format, ())
