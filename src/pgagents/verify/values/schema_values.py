"""Make valid values for a JSON Schema: the lowest, the highest, and series of different ones."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from string import ascii_letters, digits
from typing import Any

from pgagents.base.jsonschema.combine import APPLICATORS, TEXTS, join
from pgagents.base.jsonschema.direction import is_read_only
from pgagents.base.jsonschema.schema import closure, resolve
from pgagents.base.jsonschema.walk import walk
from pgagents.catalogue.encoding.medium import is_pattern, make_file
from pgagents.catalogue.model.action import FileLimits
from pgagents.catalogue.model.values import order_choices
from pgagents.verify.values.bounds import MOST_ITEMS, fit_count, is_too_long, reduce

STEP = 0.01
SMALLEST = 1e-6
"""The least size of a usual number."""
EXACT = 2**53
"""Whole numbers above it are not exact as floats."""
UNBOUNDED = 40
"""Length of a long text whose schema sets no maximum, or one that is too large to be sent, in characters."""
FORMATS = {
    "date-time": "2026-04-18T16:00:00Z",
    "date": "2026-04-18",
    "time": "16:00:00Z",
    "duration": "P1D",
    "email": "someone@example.com",
    "idn-email": "someone@example.com",
    "ipv4": "192.0.2.2",
    "ipv6": "2001:db8::2",
    "byte": "cGd2",
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
        return order_choices(schema["enum"])[-1 if end else 0]
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
        if isinstance(bound, float) and abs(bound) > EXACT and math.isfinite(bound):
            bound = math.nextafter(bound, 0)  # a document writes 2 ** 63 - 1 as a float that is one too great
        return math.floor(bound) if end else math.ceil(bound)
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
    found = list_varied(schema, text) if index else ()
    return found[index - 1] if 0 < index <= len(found) else text


def list_varied(schema: Mapping[str, Any], text: str) -> tuple[str, ...]:
    """Return the texts that a schema accepts and that differ from `text` in one of its first characters.

    The schema must have no references.
    """
    return _list_varied(_serialize_schema(schema), text)


@lru_cache(maxsize=200)
def _list_varied(schema: str, text: str) -> tuple[str, ...]:
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
    from pgagents.base.jsonschema.schema import validator

    return validator(json.loads(text), {})


def _serialize_schema(schema: Mapping[str, Any]) -> str:
    return json.dumps(schema, sort_keys=True)


@lru_cache(maxsize=2_000)
def pattern_text(pattern: str, least: int, most: int | None, *, longest: bool) -> str:
    """Return the shortest or longest text that a pattern and the bounds allow."""
    from pgagents.verify.values.generators import text_of_pattern

    return text_of_pattern(pattern, least, most, longest=longest)


# -- keywords that contain other schemas: tuples, name patterns, conditions, dependent members.
#
# `fit` completes a value that such a keyword refuses. `break_applied` makes values that each break one
# such keyword: the schema refuses the value, and accepts it without the keyword.


Edge = Callable[[Mapping[str, Any]], Any]
"""Returns a value that the schema accepts, at one end of its range."""
HARD = frozenset((*APPLICATORS, "allOf", "minProperties", "discriminator"))
ODD_NAME = "pgv unknown!"
MOST_ADDED = 200
_DRAWN = 25
_TURNS = 3


def is_hard(schema: Mapping[str, Any], schemas: Schemas) -> bool:
    """True if a value that is made keyword by keyword may be invalid."""
    parts = [schema, *(schemas[name] for name in closure(schema, schemas))]
    return any(HARD & part.keys() for one in parts for part in walk(one))


def accepts(schema: Mapping[str, Any], schemas: Schemas, value: Any) -> bool:
    """True if the value is valid."""
    needed = {name: schemas[name] for name in closure(schema, schemas)}
    return bool(_validator_with_references(json.dumps([schema, needed], sort_keys=True)).is_valid(value))


@lru_cache(maxsize=1_000)
def _validator_with_references(text: str) -> Any:
    from pgagents.base.jsonschema.schema import validator

    schema, schemas = json.loads(text)
    return validator(schema, schemas)


def fit(value: Any, schema: Mapping[str, Any], schemas: Schemas, edge: Edge) -> Any:
    """Return the value, completed if keywords that contain other schemas refuse it; else a random valid
    one.
    """
    if accepts(schema, schemas, value):
        return value
    made = value
    for _ in range(_TURNS):
        made = _complete(made, schema, schemas, edge)
        if accepts(schema, schemas, made):
            return made
    for near in _near(value):
        if accepts(schema, schemas, near):
            return near
    from pgagents.verify.values.generators import random_values

    drawn = random_values(schema, schemas, _DRAWN, 1)
    return next((one for one in drawn if accepts(schema, schemas, one)), value)


def _near(value: Any) -> Iterator[Any]:
    """Yield values that differ little from this one, because some keywords refuse only a few values."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        yield from (value + step for step in (1, -1, 2, -2, 3))
    elif isinstance(value, str):
        yield from (value + "a", value[:-1], "pgv", value.upper(), value * 2)
    elif isinstance(value, list):
        yield from (value[:-1], value[:1], [])


def _complete(value: Any, schema: Mapping[str, Any], schemas: Schemas, edge: Edge) -> Any:
    """Return the value with the additional members and items that the schema's keywords require."""
    schema = resolve(schema, schemas)
    if isinstance(value, list):
        return _complete_list(value, schema, schemas, edge)
    if isinstance(value, Mapping):
        return _complete_object(dict(value), schema, schemas, edge)
    return value


def _complete_list(value: list[Any], schema: Mapping[str, Any], schemas: Schemas, edge: Edge) -> list[Any]:
    wanted = schema.get("contains")
    if wanted is None:
        return value
    lacking = schema.get("minContains", 1) - sum(accepts(wanted, schemas, item) for item in value)
    added = [edge(wanted)] * min(max(lacking, 0), MOST_ADDED)
    most = schema.get("maxItems")
    kept = value if most is None else value[: max(0, most - len(added))]
    return [*kept, *added]


def _complete_object(
    value: dict[str, Any], schema: Mapping[str, Any], schemas: Schemas, edge: Edge
) -> dict[str, Any]:
    members = schema.get("properties", {})
    for trigger, names in schema.get("dependentRequired", {}).items():
        if trigger in value:
            value = {**{n: edge(members.get(n, {})) for n in names}, **value}
    parts = [part for name, part in schema.get("dependentSchemas", {}).items() if name in value]
    if "if" in schema:
        parts.append(schema.get("then" if accepts(schema["if"], schemas, value) else "else", {}))
    for part in parts:
        if not accepts(part, schemas, value):
            value = _with_part(value, resolve(part, schemas), members, schemas, edge)
    for name, member in members.items():
        if len(value) >= schema.get("minProperties", 0):
            break
        value.setdefault(name, edge(member))
    for pattern, part in schema.get("patternProperties", {}).items():
        if len(value) < schema.get("minProperties", 0) and (name := name_of(pattern)):
            value.setdefault(name, edge(part))
    return value


def _with_part(
    value: dict[str, Any],
    part: Mapping[str, Any],
    members: Mapping[str, Any],
    schemas: Schemas,
    edge: Edge,
) -> dict[str, Any]:
    """Return the object with the members that another schema requires, each valid under both schemas."""
    wanted = [n for n in part.get("required", ()) if n not in value]
    narrowed = [n for n in part.get("properties", {}) if n in value or n in wanted]
    made = {n: edge(members.get(n, {})) for n in wanted}
    for name in narrowed:
        own = resolve(part["properties"][name], schemas)
        made[name] = edge({**resolve(members.get(name, {}), schemas), **own})
    return {**value, **made}


def name_of(pattern: str) -> str:
    """Return a name that a pattern matches; empty if no name is found."""
    from pgagents.verify.values.generators import text_of_pattern

    return text_of_pattern(pattern, 1, 40, longest=False)


def break_applied(schema: Mapping[str, Any], schemas: Schemas, edge: Edge) -> Iterator[tuple[str, Any, str]]:
    """Yield (keyword, a whole value that breaks this keyword alone, a description of the value)."""
    for keyword in [key for key in APPLICATORS if key in schema and key != "if"]:
        rest = {key: value for key, value in schema.items() if key != keyword}
        if keyword == "patternProperties":  # the names stay allowed, with any value
            rest[keyword] = {pattern: {} for pattern in schema[keyword]}
        for value, says in _break(keyword, schema, schemas, edge):
            if accepts(rest, schemas, value) and not accepts(schema, schemas, value):
                yield keyword, value, says
                break


def _break(
    keyword: str, schema: Mapping[str, Any], schemas: Schemas, edge: Edge
) -> Iterator[tuple[Any, str]]:
    """Yield values that may break a keyword."""
    whole = edge(schema)
    if keyword in ("prefixItems", "contains", "minContains", "maxContains", "unevaluatedItems"):
        yield from _break_list(keyword, schema, schemas, edge)
        return
    if keyword == "not":
        refused = resolve(schema["not"], schemas)
        both = {key: part for key, part in schema.items() if key != "not"} | dict(refused)
        if isinstance(whole, Mapping):
            both["required"] = [*schema.get("required", ()), *refused.get("required", ())]
            both["properties"] = {**schema.get("properties", {}), **refused.get("properties", {})}
        yield edge(both), "is what `not` refuses"
        return
    if isinstance(whole, Mapping):
        yield from _break_object(keyword, dict(whole), schema, schemas, edge)


def _break_list(
    keyword: str, schema: Mapping[str, Any], schemas: Schemas, edge: Edge
) -> Iterator[tuple[list[Any], str]]:
    first = [edge(part) for part in schema.get("prefixItems", ())]
    items = schema.get("items", {})
    item = edge(items)
    full = first + [item] * (fit_count(max(0, schema.get("minItems", 0)), item) - len(first))
    if keyword == "prefixItems":
        for n, part in enumerate(schema["prefixItems"]):
            for other in _others(part, schemas):
                yield [*first[:n], other, *full[n + 1 :]], f"has another item at {n}"
    elif keyword in ("contains", "minContains"):
        wanted = schema.get("contains", {})
        for other in ([item] * max(1, len(full)) for item in (*_others(wanted, schemas), edge(items))):
            yield other, "has no item as `contains` wants"
        yield [], "has no item at all"
    elif keyword == "maxContains":
        many = min(schema["maxContains"] + 1, MOST_ADDED)
        yield [*first, *[edge(schema.get("contains", {}))] * many], f"has {many} items of `contains`"
    else:
        yield [*full, ODD_NAME], "has an item that no part describes"


def _break_object(
    keyword: str, whole: dict[str, Any], schema: Mapping[str, Any], schemas: Schemas, edge: Edge
) -> Iterator[tuple[dict[str, Any], str]]:
    members = schema.get("properties", {})
    every = {name: edge(member) for name, member in members.items()}
    if keyword == "patternProperties":
        for pattern, part in schema[keyword].items():
            for other in _others(part, schemas) if (name := name_of(pattern)) else ():
                yield {**whole, name: other}, f"has a wrong value in `{name}`"
    elif keyword == "propertyNames":
        for name in (ODD_NAME, "PGV", "pgv", "x" * 200, *_named_in(schema[keyword])):
            yield {**whole, name: edge(_member_schema(schema))}, f"has a member named {name[:20]!r}"
    elif keyword == "dependentRequired":
        for trigger, names in schema[keyword].items():
            for missing in names:
                lone = {**whole, trigger: every.get(trigger, 1)}
                lone.pop(missing, None)
                yield lone, f"has `{trigger}` without `{missing}`"
    elif keyword == "unevaluatedProperties":
        yield {**whole, ODD_NAME: 1}, "has a member that no part describes"
    else:
        yield from _break_condition(keyword, whole, every, schema, schemas, edge)


def _break_condition(
    keyword: str,
    whole: dict[str, Any],
    every: dict[str, Any],
    schema: Mapping[str, Any],
    schemas: Schemas,
    edge: Edge,
) -> Iterator[tuple[dict[str, Any], str]]:
    """Yield objects that meet the condition of a keyword, and break what follows from the condition."""
    parts = schema["dependentSchemas"].items() if keyword == "dependentSchemas" else [("", schema[keyword])]
    for trigger, part in parts:
        part = resolve(part, schemas)
        met = {trigger: every.get(trigger, 1)} if trigger else {}
        if keyword == "then":
            met = edge({"type": "object", **resolve(schema["if"], schemas)})
        starts = [{**whole, **met}, {**every, **met}]
        if keyword == "else":
            starts = [*(dict(start) for start in (whole, every)), *_unmet(whole, schema, schemas)]
        for start in starts:
            for name in part.get("required", ()):
                yield {k: v for k, v in start.items() if k != name}, f"lacks `{name}`, which follows"
            for name, member in part.get("properties", {}).items():
                yield from (
                    ({**start, name: other}, f"has a wrong `{name}`") for other in _others(member, schemas)
                )


def _named_in(schema: Mapping[str, Any]) -> list[str]:
    """Return the names that a schema of property names excludes by `not`."""
    refused = schema.get("not", {})
    values = [refused.get("const"), *refused.get("enum", ())] if isinstance(refused, Mapping) else []
    return [value for value in values if isinstance(value, str)]


def _unmet(whole: Mapping[str, Any], schema: Mapping[str, Any], schemas: Schemas) -> Iterator[dict[str, Any]]:
    """Yield the object with one enum member changed, so that it no longer meets the `if`."""
    for name, wanted in resolve(schema["if"], schemas).get("properties", {}).items():
        own = resolve(schema.get("properties", {}).get(name, {}), schemas)
        for value in own.get("enum", [True, False] if own.get("type") == "boolean" else []):
            if not accepts(wanted, schemas, value):
                yield {**whole, name: value}


def _member_schema(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the schema of additional members."""
    found = schema.get("additionalProperties", {})
    return found if isinstance(found, Mapping) else {}


def _others(schema: Mapping[str, Any], schemas: Schemas) -> Iterator[Any]:
    """Yield values of many types that a schema refuses."""
    values: tuple[Any, ...] = ("pgv-other", 12345, True, -1, 0.5, "", [], {}, None)
    for value in values:
        if not accepts(schema, schemas, value):
            yield value


def branch_values(schema: Mapping[str, Any], schemas: Schemas, edge: Edge) -> list[Any]:
    """Return a value for each alternative that the whole schema accepts; empty if it has no alternatives."""
    found = []
    for branch in _branches(schema, schemas):
        value = edge(branch)
        if accepts(schema, schemas, value) and value not in found:
            found.append(value)
    return found


def _branches(schema: Mapping[str, Any], schemas: Schemas) -> list[dict[str, Any]]:
    """Return each alternative of `oneOf` or `anyOf`, combined with the keywords beside it."""
    key = next((key for key in ("oneOf", "anyOf") if key in schema), "")
    beside = {k: v for k, v in schema.items() if k not in (key, "discriminator", "description")}
    return [{**beside, **resolve(branch, schemas)} for branch in schema.get(key, ())]


def break_alternatives(
    schema: Mapping[str, Any], schemas: Schemas, edge: Edge
) -> Iterator[tuple[str, Any, str]]:
    """Yield (`oneOf` or `anyOf`, value, description of the value), where the value is invalid.

    The value fits no alternative, or more than one of `oneOf`.
    """
    key = next((key for key in ("oneOf", "anyOf") if key in schema), "")
    branches = [branch for branch in _branches(schema, schemas) if types_named(branch) != {"null"}]
    if len(branches) < 2:
        return
    rest = {k: v for k, v in schema.items() if k not in (key, "discriminator")}

    def breaks(value: Any) -> bool:
        return accepts(rest, schemas, value) and not accepts(schema, schemas, value)

    values = [edge(branch) for branch in branches]
    whole = [value for value in values if isinstance(value, Mapping)]
    tried: list[tuple[Any, str]] = []
    if told := schema.get("discriminator", {}).get("propertyName"):
        tried += [({**value, told: "pgv-other"}, f"has an unknown `{told}`") for value in whole[:1]]
    mixed = {name: member for value in reversed(whole) for name, member in value.items()}
    tried += [(mixed, "has the members of several alternatives")] if len(whole) > 1 else []
    for branch, value in zip(branches, values, strict=True):
        for name in branch.get("required", ()) if isinstance(value, Mapping) else ():
            lacking = {k: v for k, v in value.items() if k != name}
            tried.append((lacking, f"lacks `{name}`, which its alternative requires"))
    strangers: tuple[Any, ...] = (True, 12345, "pgv-other", [], {})
    tried += [(other, "fits no alternative") for other in strangers]
    met: set[str] = set()
    for value, says in tried:
        kind = says.partition("`")[0]
        if kind not in met and breaks(value):
            met.add(kind)
            yield key, value, says


def types_named(schema: Mapping[str, Any]) -> set[str]:
    """Return the types in a schema's `type`."""
    kind = schema.get("type", ())
    return {kind} if isinstance(kind, str) else set(kind)
