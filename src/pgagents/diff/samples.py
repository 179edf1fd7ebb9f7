"""Make values that are likely to show a difference of two schemas.

They are at bounds, or have members missing or added.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from pgagents.base.jsonschema.schema import REF, closure
from pgagents.base.places import plain

MOST = 4_000
INSIDE = 24
DEPTH = 5
STEPS = 6_000
LONGEST = 20_000
_FORMATS = {
    "date-time": ["2026-01-02T03:04:05Z"], "date": ["2026-01-02"], "time": ["03:04:05Z"],
    "email": ["a@example.com"],
    "uri": ["https://example.com/a"], "uuid": ["123e4567-e89b-12d3-a456-426614174000"], "ipv4": ["192.0.2.1"],
    "hostname": ["example.com"],
}  # fmt: skip
Schemas = Mapping[str, Any]


def candidates(one: Any, known: Schemas, other: Any, others: Schemas) -> Iterator[Any]:
    """Yield at most MOST values, simple ones first. Not all of them satisfy `one`."""
    search = _Search(known, others)
    a, b = _flat(one, known), _flat(other, others)
    if "enum" in a and "enum" in b:
        taken = {json.dumps(value, sort_keys=True) for value in b["enum"]}
        yield from islice(
            (value for value in a["enum"] if json.dumps(value, sort_keys=True) not in taken), INSIDE
        )
    yield from islice(search.values(a, b, DEPTH), MOST)


def sample(schema: Any, known: Schemas) -> Any:
    """Return a value that the schema accepts; None if no other value was found."""
    near = (
        {name: plain(known[name]) for name in closure(schema, known)} if isinstance(schema, Mapping) else {}
    )
    value = _fitting(plain(schema), near, list(candidates(plain(schema), near, {}, {})))
    return None if value is _NONE else value


def _flat(schema: Any, known: Schemas, seen: set[str] | None = None) -> dict[str, Any]:
    """Return the schema's keywords with those of its references and `allOf`.

    If a keyword occurs twice, the outer one counts.
    """
    if not isinstance(schema, dict):
        return {}
    seen = set() if seen is None else seen
    made: dict[str, Any] = {}
    parts, ref = [schema], schema.get("$ref")
    if isinstance(ref, str) and ref not in seen:
        seen.add(ref)
        parts.append(_flat(known.get(ref[len(REF) :], {}), known, seen))
    parts += [_flat(part, known, seen) for part in schema.get("allOf", ())]
    for part in parts:
        for key, value in part.items():
            if key == "properties":
                made[key] = {**value, **made.get(key, {})}
            elif key == "required":
                made[key] = list(dict.fromkeys([*made.get(key, ()), *value]))
            elif key not in ("$ref", "allOf"):
                made.setdefault(key, value)
    return made


class _Search:
    """Search for values in a limited number of steps, because mutually recursive schemas have endlessly
    many.
    """

    def __init__(self, known: Schemas, others: Schemas) -> None:
        self.known, self.others = known, others
        self.left = STEPS

    def values(self, a: dict[str, Any], b: dict[str, Any], depth: int) -> Iterator[Any]:
        """Yield values of the first schema that are near the bounds of the second."""
        self.left -= 1
        if self.left < 0:
            return
        for schema in (a, b):
            yield from schema.get("enum", ())
            if "const" in schema:
                yield schema["const"]
            yield from schema.get("examples", ())
        if "type" not in a:
            yield from ("a", 1, 0.5, True, None, {}, [], [1], {"a": 1})
        kinds = a.get("type", ["string", "integer", "number", "boolean", "null", "object", "array"])
        for kind in [kinds] if isinstance(kinds, str) else kinds:
            yield from self._of_kind(kind, a, b, depth)
        if depth > 0:
            for key in ("anyOf", "oneOf"):
                for branch in a.get(key, ()):
                    outer = {k: v for k, v in a.items() if k != key}
                    merged = _flat({"allOf": [branch, outer]}, self.known)
                    yield from islice(self.values(merged, b, depth - 1), INSIDE * 4)

    def _of_kind(self, kind: str, a: dict[str, Any], b: dict[str, Any], depth: int) -> Iterator[Any]:
        if kind == "null":
            yield None
        elif kind == "boolean":
            yield from (True, False)
        elif kind in ("integer", "number"):
            yield from _numbers(kind, a, b)
        elif kind == "string":
            yield from _strings(a, b)
        elif kind == "array":
            yield from self._arrays(a, b, depth)
        elif kind == "object":
            yield from self._objects(a, b, depth)

    def _arrays(self, a: dict[str, Any], b: dict[str, Any], depth: int) -> Iterator[list[Any]]:
        inner = _flat(a.get("items", {}), self.known), _flat(b.get("items", {}), self.others)
        items = list(islice(self.values(inner[0], inner[1], depth - 1), INSIDE * 2)) if depth > 0 else [0]
        lengths = _list_sizes(a, b, "minItems", "maxItems")
        yield []
        yield from self._beginnings(a, b, items, depth)
        for value in items:
            yield [value] * max(1, min(a.get("minItems", 1), 50))
        distinct = [value for n, value in enumerate(items) if value not in items[:n]]
        for length in sorted(n for n in lengths if 0 < n <= 200):
            yield (items * length)[:length]
            if len(distinct) >= length:
                yield distinct[:length]
            for value in items[:4]:
                yield [value] * length
        if items:
            yield [items[0], items[0]]
            yield distinct[:2]

    def _beginnings(
        self, a: dict[str, Any], b: dict[str, Any], items: list[Any], depth: int
    ) -> Iterator[list[Any]]:
        """Yield lists that `prefixItems` and `contains` of either side apply to."""
        for schema, known in ((a, self.known), (b, self.others)):
            first = [
                next(self.values(_flat(one, known), {}, depth - 1), None) if isinstance(one, dict) else 1
                for one in (schema.get("prefixItems") or ())[:INSIDE]
            ]
            if first:
                yield from (first, *([*first, value] for value in items[:INSIDE]), first[:-1])
                yield from ([value, *first[1:]] for value in items[:INSIDE])
            if depth > 0 and isinstance(schema.get("contains"), dict):
                for value in islice(self.values(_flat(schema["contains"], known), {}, depth - 1), 4):
                    for count in sorted(
                        {
                            1,
                            2,
                            3,
                            *(
                                schema.get(k, 1) + 1
                                for k in ("minContains", "maxContains")
                                if schema.get(k, 1) < 20
                            ),
                        }
                    ):
                        yield [value] * count

    def _objects(self, a: dict[str, Any], b: dict[str, Any], depth: int) -> Iterator[dict[str, Any]]:
        """Yield a minimal object and a full one, then objects with one member changed, left out or added."""
        properties = a.get("properties") or {}
        beside = b.get("properties") or {}
        rest_a, rest_b = a.get("additionalProperties", True), b.get("additionalProperties", True)
        choices: dict[str, list[Any]] = {}
        for name in [*properties, *(n for n in beside if n not in properties)]:
            mine, theirs = (
                _flat(properties.get(name, rest_a), self.known),
                _flat(beside.get(name, rest_b), self.others),
            )
            choices[name] = list(islice(self.values(mine, theirs, depth - 1), INSIDE)) if depth > 0 else []
        good = {
            name: _fitting(properties.get(name, rest_a), self.known, values)
            for name, values in choices.items()
        }
        needed = [n for n in a.get("required", ()) if n not in good]
        least = {
            name: good[name] for name in a.get("required", ()) if good.get(name) is not _NONE and name in good
        } | dict.fromkeys(needed, 1)
        full = least | {
            name: value for name, value in good.items() if value is not _NONE and name in properties
        }
        yield from (least, full)
        yield from self._by_pattern(a, b, least, depth)
        for count in sorted(_list_sizes(a, b, "minProperties", "maxProperties")):
            yield least | {f"member_{n}": n for n in range(min(count, 200) - len(least))}
        for base in (full, least):
            for name in list(base):
                yield {k: v for k, v in base.items() if k != name}
            yield base | {"another_member": 1}
            yield base | {"another_member": "x"}
        changed = sorted(
            choices.items(), key=lambda item: properties.get(item[0], rest_a) == beside.get(item[0], rest_b)
        )
        for name, values in changed:  # differing members come first, because the number of values is limited
            for value in values:
                yield least | {name: value}
                yield full | {name: value}

    def _by_pattern(
        self, a: dict[str, Any], b: dict[str, Any], least: dict[str, Any], depth: int
    ) -> Iterator[dict[str, Any]]:
        """Yield objects with a member that a pattern may match.

        Its name consists of the pattern's letters.
        """
        for schema, known in ((a, self.known), (b, self.others)):
            for pattern, inside in list((schema.get("patternProperties") or {}).items())[:INSIDE]:
                letters = "".join(c for c in pattern if c.isalnum() or c in "_-")[:20]
                values = (
                    list(islice(self.values(_flat(inside, known), {}, depth - 1), INSIDE))
                    if depth > 0
                    else []
                )
                for name in (letters, f"{letters}1"):
                    yield from (least | {name: value} for value in [*values, "x", 0.5])


def _list_sizes(a: dict[str, Any], b: dict[str, Any], *keywords: str) -> set[int]:
    """Return the bounds that keywords of either side set on a size, and their neighbours."""
    return {s[k] + step for s in (a, b) for k in keywords if k in s for step in (0, 1, -1)}


def _numbers(kind: str, a: dict[str, Any], b: dict[str, Any]) -> Iterator[Any]:
    edges = [
        s[k]
        for s in (a, b)
        for k in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")
        if k in s
    ]
    steps = (0, 1, -1) if kind == "integer" else (0, 1, -1, 0.5, -0.5, 0.001, -0.001)
    for value in [
        *(edge + step for edge in edges for step in steps),
        0,
        1,
        -1,
        7,
        1_000_003,
        -1_000_003,
        *([] if kind == "integer" else [0.5, 1.25]),
    ]:
        whole = isinstance(value, float) and value.is_integer()
        if kind == "number" or isinstance(value, int) or whole:
            yield int(value) if whole and kind == "integer" else value


def _strings(a: dict[str, Any], b: dict[str, Any]) -> Iterator[str]:
    yield from _FORMATS.get(a.get("format", ""), ())
    for length in sorted({0, 1, 5, *_list_sizes(a, b, "minLength", "maxLength")}):
        if 0 <= length <= LONGEST:
            yield "a" * length
            yield "A1" * (length // 2) + "7" * (length % 2)
    yield from ("Zz_9", "!", "é", "0", "-1", "a b")


_NONE: Any = object()


def _fitting(schema: Any, known: Schemas, values: list[Any]) -> Any:
    """Return the first of the values that the schema accepts; `_NONE` if it accepts none."""
    from pgagents.base.jsonschema.schema import validator

    if schema is True or schema == {}:
        return values[0] if values else 1
    if not isinstance(schema, dict):
        return _NONE
    try:
        judge = validator(schema, known)
    except ValueError:
        return _NONE
    return next((value for value in values if judge.is_valid(value)), _NONE)
