"""Invalid values for a JSON Schema: for each keyword, values that break it alone."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pgagents.base.jsonschema.combine import join, join_null
from pgagents.base.jsonschema.direction import is_read_only
from pgagents.base.jsonschema.schema import resolve
from pgagents.base.text import correct_articles
from pgagents.catalogue.encoding.medium import MAX_BOUNDARY, make_file
from pgagents.catalogue.model.action import FileLimits
from pgagents.verify.values.bounds import (
    MOST_ITEMS,
    MOST_PLACES,
    fit_count,
    is_too_long,
    reduce,
    say_too_long,
)
from pgagents.verify.values.schema_values import (
    STEP,
    URI,
    Schemas,
    break_alternatives,
    break_applied,
    distinct,
    low,
    matches,
    pattern_text,
    types_of,
)

FAR = 300
"""A length in characters that exceeds a database column of 255, but no server's limit on URLs."""
HAIR = 0.000_001
"""Distance beyond a bound, too small to survive usual rounding."""
VAST = 10**308
"""Nearly the greatest float: arithmetic with it overflows to infinity."""
NEAR_FORMS = {
    "date-time": ("2026-04-18T16:00:00", "2026-02-30T16:00:00Z", "2026-04-18"),
    "date": ("2026-02-30",),
}
"""Values that almost have a format: a time without offset, dates that do not exist, a date instead of a
time.
"""
FULL_WIDTH = 0xFEE0
"""Distance between a full-width character and its ASCII counterpart."""
DIGIT = "3"
KELVIN = "\u212a"
WIDE = "\U0001f17f"
"""A character of four bytes in UTF-8 and two units in UTF-16."""
WIDE_BYTES = len(WIDE.encode())
OTHER_MEDIA = ("text/plain", "application/pdf", "image/gif", "application/zip")
"""Media types to send if they are not among those that a file may have."""
UNLIKELY = ("a word", "another word", "a list", "an object")
"""Descriptions of values that no server mistakes for another value."""

Likely = Literal["", "json", "any"]


@dataclass(frozen=True, slots=True)
class InvalidValue:
    """A value that breaks one keyword at one place. `path` leads to the place from the argument (empty: the
    argument itself).

    Among several values with `priority` 1 for one keyword and place, one is enough. Values with `priority` 2
    reveal less. A `likely` value is often accepted by mistake, so it is always tried: in JSON only (`json`),
    or anywhere (`any`).
    """

    keyword: str
    path: tuple[str | int, ...]
    value: Any
    says: str
    priority: int = 1
    likely: Likely = ""
    rule: str = ""
    """The rule that all values of the keyword break; empty if it has no sentence of its own."""
    unmade: str = ""
    """Why no such value is made; empty if `value` is one."""
    near: bool = False
    """True for a value next to a bound. One of them is always tried, whatever other values are."""


MISSING = object()
"""The `value` of an InvalidValue that leaves the member out."""


def file_violations(limits: FileLimits, *, required: bool, typed: bool) -> Iterator[InvalidValue]:
    """Yield a missing file if it is `required`, a file of another type, and a file that is one byte too
    large.

    `typed` is true if the file is sent with a media type of its own.
    """
    if required:
        yield InvalidValue("required", (), MISSING, "is missing")
    if limits.media and (typed or len(limits.media) > 1):
        other = next(kind for kind in OTHER_MEDIA if kind not in limits.media)
        yield InvalidValue("media", (), make_file(limits, media=other).url, f"is a file of type {other}")
    if limits.max_bytes is not None and limits.max_bytes < MAX_BOUNDARY:
        size = limits.max_bytes + 1
        yield InvalidValue("max_bytes", (), make_file(limits, size=size).url, f"has {size:,} bytes")


def violations(
    schema: Mapping[str, Any],
    schemas: Schemas,
    *,
    required: bool,
    of: str = "",
    most: int = MOST_PLACES,
) -> Iterator[InvalidValue]:
    """Yield values that each break one keyword at one place of the schema, nested places included.

    `of` is an id that no instance has. If it fits the schema, invalid texts are made from it. If the schema
    has more than `most` places, the last one is unmade and says at how many of them values are tried.
    """
    part = reduce(schema, schemas, most)
    yield from _violations(part.schema, part.schemas, required=required, of=of)
    if part.limit:
        yield InvalidValue("places", (), None, "has a wrong value at any other place", unmade=part.limit)


def _violations(
    schema: Mapping[str, Any],
    schemas: Schemas,
    *,
    required: bool,
    path: tuple[str | int, ...] = (),
    of: str = "",
    above: frozenset[str] = frozenset(),
) -> Iterator[InvalidValue]:
    """Yield the invalid values of one place and of those inside it.

    `above` are the named schemas of the values that contain it. The members and items of one of them
    are not broken once more inside itself, because that has no end.
    """
    joined = join(schema, schemas)
    schema = joined.schema if joined.is_exact else resolve(schema, schemas)
    schema = join_null(schema, schemas) or schema
    if required:
        yield InvalidValue("required", path, MISSING, "is missing")
    again = not above.isdisjoint(joined.names)
    above |= joined.names
    yield from _bounds(schema, path)
    yield from _texts(schema, path, of)
    if schema.get("enum"):
        yield from _enum(schema, path)
    if "const" in schema:
        yield InvalidValue("const", path, "pgv-other", f"is not {schema['const']!r}")
    yield from _types(schema, schemas, path, required)
    kinds = types_of(schema)
    for keyword, value, says in break_applied(schema, schemas, lambda part: low(part, schemas)):
        yield InvalidValue(keyword, path, value, says)
    for keyword, value, says in break_alternatives(schema, schemas, lambda part: low(part, schemas)):
        yield InvalidValue(keyword, path, value, says)
    if "array" in kinds:
        yield from _arrays(schema, schemas, path, None if again else above)
    if "object" in kinds and not again:
        wanted = schema.get("required", ())
        for name, member in schema.get("properties", {}).items():
            if is_read_only(member, schemas) and name not in wanted:
                continue  # nobody sends it, and a server may ignore whatever comes
            inner = (*path, name)
            yield from _violations(member, schemas, required=name in wanted, path=inner, above=above)
        if schema.get("additionalProperties") is False:
            yield InvalidValue("additionalProperties", (*path, "pgv_unknown"), 1, "has an undeclared member")


def _bounds(schema: Mapping[str, Any], path: tuple[str | int, ...]) -> Iterator[InvalidValue]:
    whole = "integer" in types_of(schema)
    step = 1 if whole else STEP
    if (v := schema.get("minimum")) is not None:
        yield InvalidValue("minimum", path, _tidy(v - step), f"is below {v:g}")
        yield InvalidValue("minimum", path, _tidy(v - 1_000_000), f"is far below {v:g}", 2)
        if not whole:
            zero = _tidy(v - step) == 0  # some servers take zero for a missing value, so zero reveals more
            yield InvalidValue("minimum", path, _tidy(v - HAIR), f"is a hair below {v:g}", 2 if zero else 1)
    if (v := schema.get("maximum")) is not None:
        yield InvalidValue("maximum", path, _tidy(v + step), f"is above {v:g}", near=True)
        yield InvalidValue("maximum", path, VAST, "is nearly the most that a double holds")
        yield InvalidValue("maximum", path, _tidy(v + 1_000_000_000), f"is far above {v:g}", 2)
        if not whole:
            yield InvalidValue("maximum", path, _tidy(v + HAIR), f"is a hair above {v:g}", near=True)
    if (v := schema.get("exclusiveMinimum")) is not None:
        yield InvalidValue("exclusiveMinimum", path, _tidy(v), f"is {v:g}")
        yield InvalidValue("exclusiveMinimum", path, _tidy(v - 1), f"is below {v:g}", 2)
    if (v := schema.get("exclusiveMaximum")) is not None:
        yield InvalidValue("exclusiveMaximum", path, _tidy(v), f"is {v:g}")
    if (v := schema.get("multipleOf")) is not None:
        yield InvalidValue(
            "multipleOf",
            path,
            _tidy(low({"type": "number", **schema}, {}) + v / 2),
            f"is not a multiple of {v:g}",
        )


def _tidy(value: float) -> float | int:
    value = round(value, 9)
    return int(value) if float(value).is_integer() else value


def _texts(schema: Mapping[str, Any], path: tuple[str | int, ...], of: str) -> Iterator[InvalidValue]:
    if "string" not in types_of(schema):
        return
    if least := schema.get("minLength"):
        short = low(schema, {})[: least - 1]
        count = len(short) if is_too_long(least) else least - 1
        yield InvalidValue("minLength", path, short, f"has {count} characters")
    if (most := schema.get("maxLength")) is not None:
        yield from _long_texts(schema, most, path)
    if pattern := schema.get("pattern"):
        yield from _mismatches(schema, str(pattern), path, of)
    if form := schema.get("format"):
        says = correct_articles(f"is not a {form}")
        for text in NEAR_FORMS.get(form, ()):
            if not matches(schema, text):
                yield InvalidValue("format", path, text, f"is {text}, which {says}")
        yield InvalidValue("format", path, "pgv no such form", says, 2 if form in NEAR_FORMS else 1)


def _long_texts(schema: Mapping[str, Any], most: int, path: tuple[str | int, ...]) -> Iterator[InvalidValue]:
    """Yield texts that are too long for a schema, or one that is not made because it is too large."""
    says = f"has {most + 1} characters"
    if is_too_long(most + 1):
        yield InvalidValue("maxLength", path, None, says, unmade=say_too_long(most + 1, "characters"))
        return
    head = URI if schema.get("format") in ("uri", "url") else ""
    yield InvalidValue("maxLength", path, head.ljust(most + 1, "x"), says, near=True)
    if not head and not is_too_long(most + 1, WIDE_BYTES):
        yield InvalidValue("maxLength", path, WIDE * (most + 1), f"has {most + 1} wide characters")
    if not is_too_long(most + FAR):
        yield InvalidValue("maxLength", path, head.ljust(most + FAR, "x"), f"has {most + FAR} characters")


def _mismatches(
    schema: Mapping[str, Any], pattern: str, path: tuple[str | int, ...], of: str
) -> Iterator[InvalidValue]:
    """Yield texts that do not match a pattern, but that a server's own version of the pattern may match.

    Examples: letters of other scripts, a final line break, exceeded bounds, surrounding blanks, a letter in
    the other case or missing. Also look-alike letters, which a server may normalise before it compares.
    """
    fitting = of if of and matches(schema, of) else ""
    base = fitting or pattern_text(
        pattern, schema.get("minLength", 0), schema.get("maxLength"), longest=False
    )
    long = pattern_text(pattern, schema.get("minLength", 0), schema.get("maxLength"), longest=True)
    named = URI if URI.startswith(base) and schema.get("format") in ("uri", "url") else ""
    begun = re.match(r"\^([a-z]{2,})", pattern)
    likely: tuple[str, ...] = (
        base[:1] + " !" + base[1:],
        base + "\n",
        long + long[-1:],
        "é" + base,
        base + "\u0663",
        f" {base} ",
    )
    if named and begun:  # the rest of the address stays valid
        end = begun.end(1) - 1
        likely = (named[: end - 1] + named[end:], named[:end].upper() + named[end:])
    alone, rule = {"type": "string", "pattern": pattern}, f"does not match {pattern}"
    for text in (t for t in dict.fromkeys((*likely, "")) if _surely_mismatches(alone, t)):
        says = f"is {text[:20]!r}{'…' if len(text) > 20 else ''}, which {pattern} does not match"
        yield InvalidValue("pattern", path, text, says, 1 if text in likely else 2, rule=rule)
    for text, says, each in _lookalikes(schema, named or base):
        if _surely_mismatches(alone, text):  # else it breaks the format, if anything
            said = f"{says}, which {pattern} does not match"
            yield InvalidValue("pattern", path, text, said, 2 if each else 1, each, rule)


def _surely_mismatches(schema: Mapping[str, Any], text: str) -> bool:
    r"""Return whether a text breaks a schema's pattern however a server reads `\d`.

    In JSON Schema it means the digits of ASCII, and in many languages every digit of Unicode.
    """
    if matches(schema, text):
        return False
    plain = "".join(str(int(c)) if c.isdecimal() else c for c in text)
    return r"\d" not in schema["pattern"] or plain == text or not matches(schema, plain)


def _lookalikes(schema: Mapping[str, Any], base: str) -> Iterator[tuple[str, str, Likely]]:
    """Yield texts with one character replaced by a look-alike, each with a description.

    Full-width characters become equal by normalising (NFKC), and belong to many character classes. The Kelvin
    sign equals k if case is ignored.
    """
    if matches(schema, f"{base}{DIGIT}"):
        yield f"{base}{full_width(DIGIT)}", "has a digit of full width", "any"
    else:
        yield full_width(base), "has a character of full width", "any"
    if matches(schema, f"{base}k"):
        yield f"{base}{KELVIN}", "ends with the sign of Kelvin, a k in another case", ""


def full_width(text: str) -> str:
    """Return the text with its last ASCII letter, or its last digits, in full width; unchanged without any.

    A reader that stops before such a digit would take `12` with one of them for 1, which is another's id.
    """
    return _LAST_ASCII.sub(lambda found: "".join(chr(ord(one) + FULL_WIDTH) for one in found[0]), text)


_LAST_ASCII = re.compile(r"(?:(?<![0-9])[0-9]++|[A-Za-z])(?=[^0-9A-Za-z]*\Z)")


def _enum(schema: Mapping[str, Any], path: tuple[str | int, ...]) -> Iterator[InvalidValue]:
    values = schema["enum"]
    first = next((v for v in values if isinstance(v, str)), None)
    if first is None:
        yield InvalidValue("enum", path, "pgv-other", "is none of the listed values")
        return
    near = (
        (first.swapcase(), "is a listed value in the other case"),
        (first[:-1], "is the beginning of a listed value"),
    )
    for index, (text, says) in enumerate((*near, (f"{first}x", "is none of the listed values"))):
        if text not in values:
            yield InvalidValue(
                "enum", path, text, says, 2 if index else 1
            )  # a server that accepts anything accepts the first one too


def _types(
    schema: Mapping[str, Any], schemas: Schemas, path: tuple[str | int, ...], required: bool
) -> Iterator[InvalidValue]:
    kinds = types_of(schema)
    if not kinds:
        return
    rule = f"has another type than {' or '.join(kinds)}"
    for index, (kind, value, likely) in enumerate(_strangers(schema, schemas, kinds)):
        priority = 2 if index and kind in UNLIKELY else 1
        yield InvalidValue("type", path, value, f"is {kind}", priority, likely, rule)
    if "null" not in kinds:
        yield (
            InvalidValue("type", path, None, "is null", 2, rule=rule)
            if required
            else InvalidValue("null", path, None, "is null")
        )


def _strangers(
    schema: Mapping[str, Any], schemas: Schemas, kinds: tuple[str, ...]
) -> Iterator[tuple[str, Any, Likely]]:
    """Yield values of other types, the most often accepted first.

    The first is a number written as text, then come values that programming languages convert silently.
    """
    number = bool({"number", "integer"} & set(kinds))
    if number and "string" not in kinds:
        yield "a number in a string", str(low(schema, schemas)), "json"
        if "number" not in kinds:
            yield "no whole number", low(schema, schemas) + 0.5, "any"
    if "boolean" in kinds and "string" not in kinds:
        yield "a boolean in a string", "true", "json"
    if "string" in kinds:
        yield "a number", 12345, "json"
    elif "array" in kinds:
        item = distinct(schema.get("items", {}), schemas, 0)
        if not isinstance(item, str):  # JupyterHub 6.1 takes each letter of a text for a user (2026-11-30)
            yield "one item without its list", item, "json"
    elif "object" in kinds:
        yield "an object in a string", json.dumps(low(schema, schemas)), "json"
    else:
        bounds = {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"} & schema.keys()
        yield "a word", "NaN" if bounds else "yes" if "boolean" in kinds else "pgv", ""
        if "boolean" in kinds:  # in a query, many servers read `yes` as true
            yield "another word", "pgv", ""
    if number and "string" not in kinds:
        yield "a number with its unit", f"{low(schema, schemas)}km", ""
    if "boolean" not in kinds:
        yield "a boolean", True, "json" if number and "string" not in kinds else ""
    elif not number:
        yield "a number", 1, "json"
    if "array" not in kinds:
        yield "a list", [], ""
    if "object" not in kinds:
        yield "an object", {}, ""


def _arrays(
    schema: Mapping[str, Any], schemas: Schemas, path: tuple[str | int, ...], above: frozenset[str] | None
) -> Iterator[InvalidValue]:
    """Yield invalid lists, and lists with an invalid item if `above` is not None."""
    item = schema.get("items", {})
    one = distinct(item, schemas, 0)
    if least := schema.get("minItems"):
        count = fit_count(least - 1, one)
        yield InvalidValue(
            "minItems", path, [distinct(item, schemas, i) for i in range(count)], f"has {count} items"
        )
    if (most := schema.get("maxItems")) is not None:
        says = f"has {most + 1} items"
        if most > MOST_ITEMS or fit_count(most, one) < most:
            yield InvalidValue("maxItems", path, None, says, unmade=say_too_long(most + 1, "items"))
        else:
            listed = join(item, schemas).schema.get("enum")
            values = [
                listed[i % len(listed)] if listed else distinct(item, schemas, i) for i in range(most + 1)
            ]
            yield InvalidValue("maxItems", path, values, says)
    if schema.get("uniqueItems"):
        yield InvalidValue("uniqueItems", path, [one, one], "has an item twice")
    if above is None:
        return
    place = (
        0 if schema.get("uniqueItems") or schema.get("maxItems", 2) < 2 else 1
    )  # some servers check only the first item
    yield from _violations(item, schemas, required=False, path=(*path, place), above=above)
