"""Make valid values for a JSON Schema: the lowest, the highest, and series of different ones."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import islice
from string import ascii_letters, digits
from typing import Any

from pgagents.encoding.file import is_pattern, make_file
from pgagents.jsonschema.direction import is_read_only
from pgagents.jsonschema.joined import TEXTS, join
from pgagents.jsonschema.schema import resolve
from pgagents.model.argument import FileLimits
from pgagents.verify.values.applied import accepts, branch_values, fit, is_hard
from pgagents.verify.values.reduction import reduce
from pgagents.verify.values.sizes import MOST_ITEMS, fit_count, is_too_long

STEP = 0.01
SMALLEST, GREATEST = 1e-6, 1e12
"""The least and greatest size of a usual number."""
UNBOUNDED = 40
"""Length of a long text whose schema sets no maximum, or one that is too large to be sent, in characters."""
FORMATS = {
    "date-time": "2026-04-18T16:00:00Z",
    "date": "2026-04-18",
    "email": "someone@example.com",
    "uuid": "8f14e45f-ceea-467f-9b1a-0d3b8f7c2a11",
}
URI = "https://example.com/"
MOST_INSIDE = 2
"""Number of times that a named schema may contain itself in a value."""
MOST_PLACES = 200
"""Most characters of a text that are changed, one at a time, to get other texts."""

Schemas = Mapping[str, Any]


def low(schema: Mapping[str, Any], schemas: Schemas) -> Any:
    """Return the least value that the schema allows: the lowest number, the shortest text, the first of an
    enum.

    Objects get required members only.
    """
    part = reduce(schema, schemas)
    return _fitting(resolve(part.schema, part.schemas), part.schemas, 0)


def high(schema: Mapping[str, Any], schemas: Schemas) -> Any:
    """Return the greatest value that the schema allows: the highest number, the longest text, the last of an
    enum.

    A bound beyond what is sent (`sizes`) counts as none. A schema of too many places gets the members that
    `reduce` leaves it.
    """
    part = reduce(schema, schemas)
    value = _fitting(resolve(part.schema, part.schemas), part.schemas, 1)
    return value if not part.places or accepts(schema, schemas, value) else low(schema, schemas)


def _fitting(schema: Mapping[str, Any], schemas: Schemas, end: int) -> Any:
    """Return a value made keyword by keyword, and completed if keywords that contain other schemas refuse
    it.
    """
    value = _edge(schema, schemas, end)
    if not is_hard(schema, schemas):
        return value
    return fit(value, schema, schemas, lambda part: _edge(part, schemas, end))


def branches(schema: Mapping[str, Any], schemas: Schemas) -> list[Any]:
    """Return the least value of each alternative of a schema; empty without alternatives."""
    return branch_values(resolve(schema, schemas), schemas, lambda part: low(part, schemas))


def types_of(schema: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the JSON types that a schema names; `object` if it has only `properties`."""
    kind = schema.get("type")
    if isinstance(kind, list):
        return tuple(kind)
    return (kind,) if isinstance(kind, str) else ("object",) if "properties" in schema else ()


def _file(schema: Mapping[str, Any]) -> str:
    """Return a small file, as a data URL, that the schema allows."""
    kinds = re.match(r"\^data:\(\?:([^)]*)\)", schema["pattern"])
    media = tuple(kind.replace("\\", "") for kind in kinds[1].split("|")) if kinds else ()
    return make_file(FileLimits(media)).url


def _edge(schema: Mapping[str, Any], schemas: Schemas, end: int, above: tuple[str, ...] = ()) -> Any:
    """Return a value at one end of a schema. `above` are the named schemas of the objects that contain it.

    Optional members and alternatives that are one of these are left out. A schema that must contain itself
    has no value, so null ends it.
    """
    joined = join(schema, schemas)
    if any(above.count(name) >= MOST_INSIDE for name in joined.names):
        return None
    schema, above = joined.schema, (*above, *joined.names)
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        return schema["enum"][-1 if end else 0]
    for key in ("oneOf", "anyOf"):
        if schema.get(key):
            chosen = _choose(schema[key], schemas, above)
            return None if chosen is None else _edge(_with_rest(schema, key, chosen), schemas, end, above)
    kinds = [k for k in types_of(schema) if k != "null"]
    if types_of(schema) and not kinds:
        return None
    kind = kinds[0] if kinds else "string"
    if kind in ("number", "integer"):
        return _number(schema, kind, end)
    if kind == "boolean":
        return bool(end)
    if kind == "array":
        return _array(schema, schemas, end, above)
    if kind == "object":
        wanted = schema.get("required", ())
        members = schema.get("properties", {})
        return {
            n: _edge(s, schemas, end, above)
            for n, s in members.items()
            if n in wanted
            or (end and not is_read_only(s, schemas) and join(s, schemas).names.isdisjoint(above))
        }
    return _text(schema, end)


def _choose(
    parts: Sequence[Mapping[str, Any]], schemas: Schemas, above: tuple[str, ...]
) -> Mapping[str, Any] | None:
    """Return the first alternative that is none of the schemas above; None if the value is to be null."""
    joined = [(part, join(part, schemas)) for part in parts]
    other = [(part, one) for part, one in joined if types_of(one.schema) != ("null",)]
    free = next((part for part, one in other if one.names.isdisjoint(above)), None)
    return free if free is not None or len(other) < len(joined) else parts[0]


def _with_rest(schema: Mapping[str, Any], key: str, chosen: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return an alternative together with the keywords beside the list of alternatives."""
    rest = {name: value for name, value in schema.items() if name not in (key, "discriminator", *TEXTS)}
    return {"allOf": [rest, chosen]} if rest else chosen


def _number(schema: Mapping[str, Any], kind: str, end: int) -> float | int:
    bound = schema.get("maximum" if end else "minimum")
    strict = schema.get("exclusiveMaximum" if end else "exclusiveMinimum")
    step = schema.get("multipleOf") or (1 if kind == "integer" else STEP)
    if strict is not None and (bound is None or (strict <= bound if end else strict >= bound)):
        bound = round(strict - step, 9) if end else round(strict + step, 9)
    if bound is None:
        other = schema.get("minimum" if end else "maximum", 0)
        bound = other + (10 * step if end else -10 * step)
        bound = max(0, bound) if not end and schema.get("maximum", 0) >= 0 else bound
    if kind == "integer":
        return int(bound)
    return int(bound) if float(bound).is_integer() else float(bound)


def _array(schema: Mapping[str, Any], schemas: Schemas, end: int, above: tuple[str, ...]) -> list[Any]:
    written = schema.get("items", {})
    items = join(written, schemas).schema
    least = schema.get("minItems", 0)
    count = fit_count(least, distinct(written, schemas, 0, above) if least > 1 else None)
    if end:
        most = schema.get("maxItems", max(2, count))
        one = distinct(written, schemas, 0, above) if most > 1 else None
        count = max(min(most, count), fit_count(most, one))
    if first := schema.get("prefixItems"):
        begun = [_edge(part, schemas, end, above) for part in first[:count]]
        return begun + [distinct(written, schemas, i, above) for i in range(count - len(begun))]
    if not schema.get("uniqueItems") and not end:
        return [_edge(written, schemas, end, above) for _ in range(count)]
    if items.get("enum"):
        return list(items["enum"])[:count]
    return [distinct(written, schemas, i, above) for i in range(count)]


def distinct(schema: Mapping[str, Any], schemas: Schemas, index: int, above: tuple[str, ...] = ()) -> Any:
    """Return the index-th of a series of different valid values. `above` is that of `_edge`."""
    if not above:
        part = reduce(schema, schemas)
        schema, schemas = part.schema, part.schemas
    joined = join(schema, schemas)
    if any(above.count(name) >= MOST_INSIDE for name in joined.names):
        return None
    schema, above = joined.schema, (*above, *joined.names)
    alternatives = schema.get("oneOf") or schema.get("anyOf")
    if alternatives:
        chosen = _choose(alternatives, schemas, above)
        return None if chosen is None else distinct(chosen, schemas, index, above)
    if types_of(schema) == ("null",):
        return None
    kind = next((k for k in types_of(schema) if k != "null"), "string")
    if kind == "object":
        wanted = schema.get("required", ())
        return {
            n: distinct(s, schemas, index, above)
            for n, s in schema.get("properties", {}).items()
            if n in wanted
        }
    if kind in ("number", "integer"):
        return low(schema, schemas) + index
    if kind == "string" and not schema.get("enum"):
        for text in (f"AV-{index:03d}", f"a{index}", str(index)):
            if matches(schema, text):
                return text
        return _vary(schema, str(low(schema, schemas)), index)
    return low(schema, schemas)


def _vary(schema: Mapping[str, Any], text: str, index: int) -> str:
    """Return the index-th text that a schema accepts and that differs from `text` in at most one character.

    The first one is `text` itself. It is also returned if there are fewer than `index` others.
    """
    found = _list_varied(_serialize_schema(schema), text) if index else ()
    return found[index - 1] if 0 < index <= len(found) else text


@lru_cache(maxsize=200)
def _list_varied(schema: str, text: str) -> tuple[str, ...]:
    """Return the texts that a schema accepts and that differ from `text` in one of its first characters."""
    fits = _validator(schema).is_valid
    others = (
        text[:at] + char + text[at + 1 :]
        for at in range(min(len(text), MOST_PLACES))
        for char in ascii_letters + digits
        if char != text[at]
    )
    return tuple(islice(filter(fits, others), MOST_ITEMS))


def _text(schema: Mapping[str, Any], end: int) -> str:
    if schema.get("format") in FORMATS:
        return FORMATS[str(schema["format"])]
    if schema.get("format") in ("uri", "url"):
        return URI
    least, most = schema.get("minLength", 0), schema.get("maxLength")
    if is_pattern(schema.get("pattern")):
        return _file(schema)
    if schema.get("pattern"):
        return pattern_text(str(schema["pattern"]), least, most, longest=bool(end))
    least = UNBOUNDED if is_too_long(least) else least
    if end:
        return "x" * int(most if most is not None and not is_too_long(most) else max(least, UNBOUNDED))
    return "x" * int(max(least, 1 if most is None or most > 0 else 0))


def matches(schema: Mapping[str, Any], value: Any) -> bool:
    """True if the value is valid under the schema, which must have no references."""
    return bool(_validator(_serialize_schema(schema)).is_valid(value))


@lru_cache(maxsize=2_000)
def _validator(text: str) -> Any:
    from pgagents.jsonschema.schema import validator

    return validator(json.loads(text), {})


def _serialize_schema(schema: Mapping[str, Any]) -> str:
    return json.dumps(schema, sort_keys=True)


@lru_cache(maxsize=2_000)
def pattern_text(pattern: str, least: int, most: int | None, *, longest: bool) -> str:
    """Return the shortest or longest text that a pattern and the bounds allow."""
    from pgagents.verify.values.generators import text_of_pattern

    return text_of_pattern(pattern, least, most, longest=longest)


def is_usual_number(value: object) -> bool:
    """True unless a number is too large or small for usual arithmetic, which no schema without bounds
    promises.
    """
    return not isinstance(value, int | float) or value == 0 or SMALLEST <= abs(value) <= GREATEST
