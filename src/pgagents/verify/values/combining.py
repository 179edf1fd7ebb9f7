"""Combine random calls of values that were drawn for each argument's schema alone.

A document of 200 operations has nearly as many shapes of calls, but few schemas of arguments. So a schema's
values are drawn once a run. An argument's wrong values are near misses, and each is held against the schema.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from pgagents.base.jsonschema.schema import closure, resolve, validator
from pgagents.verify.values.generators import (
    check_time,
    generable,
    has_given_up,
    is_given_up,
    random_values,
    whole_inputs,
    wrap,
)

DRAWN = 25
"""The least valid values that are drawn for a schema, so that operations of other shapes share them."""
WRONG = 40
"""The most wrong values of a schema."""
LIKELY = 0.7
"""How often an optional argument is given."""
LATER = 1_000_003
"""Each further turn adds this number to the seed of whole calls. No usual seed has them."""
LONGEST = 5_000
"""No text is made longer than this many characters."""
PLAIN_BODY = frozenset(("type", "properties", "required", "additionalProperties", "title", "description"))
"""Keywords of a body whose members do not depend on each other."""
ODDITIES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1.5, 10**10, -(10**10), "", "0", "a", "null", "\0", "é" * 20, "x" * 300,
    [], [None], [[]], {}, {"a": 1},
)  # fmt: skip
_LEFT_OUT = object()


@dataclass(frozen=True, slots=True)
class _Argument:
    """An argument of an operation: its valid values, and those that break its schema."""

    name: str
    required: bool
    valid: tuple[Any, ...]
    wrong: tuple[Any, ...]


def random_inputs(
    spec: Mapping[str, Any],
    names: Mapping[tuple[str, str], str],
    count: int,
    seed: int,
    *,
    valid: bool,
    turn: int = 0,
) -> tuple[Mapping[str, Any], ...]:
    """Return the arguments, by name, of up to `count` random calls of the document's one operation.

    `names` maps (place, name on the wire) to the argument. Without `valid`, one or two arguments of each
    call break their schema or are left out. A call of a body whose members depend on each other is drawn as
    a whole. The same seed and `turn` give the same calls; another turn combines the same values otherwise.
    Empty if nothing can be generated.
    """
    check_time()
    if count < 1 or not generable(spec):
        return ()
    schemas, declared = _read(spec)
    if declared is None:
        return whole_inputs(spec, names, count, seed + turn * LATER, valid=valid)
    drawn = [
        _draw_argument(names[place], declared[place], schemas, (count, seed), place[0])
        for place in sorted(names)
        if place in declared
    ]
    if not drawn or any(argument.required and not argument.valid for argument in drawn):
        return ()
    breakable = [argument for argument in drawn if argument.wrong]
    if not (valid or breakable):
        return ()
    chance = random.Random(f"{seed} {turn} {valid} {[argument.name for argument in drawn]}")
    calls: dict[str, Mapping[str, Any]] = {}
    for _ in range(3 * count):  # some are equal
        call = {
            argument.name: chance.choice(argument.valid)
            for argument in drawn
            if argument.valid and (argument.required or chance.random() < LIKELY)
        }
        if not valid:
            broken = chance.sample(breakable, min(len(breakable), chance.choice((1, 1, 2))))
            call |= {argument.name: chance.choice(argument.wrong) for argument in broken}
            call = {name: value for name, value in call.items() if value is not _LEFT_OUT}
        calls.setdefault(json.dumps(call, sort_keys=True), call)
        if len(calls) == count:
            break
    return tuple(calls.values())


def list_given_up(spec: Mapping[str, Any], names: Mapping[tuple[str, str], str]) -> list[str]:
    """Return the arguments without random values, because one takes too long to draw; all of a body whose
    members depend on each other.
    """
    if not has_given_up():  # an import of a thousand operations would read each of them once more
        return []
    schemas, declared = _read(spec)
    if declared is None:
        return sorted(set(names.values())) if is_given_up(spec) else []
    return [
        names[place]
        for place, (schema, _) in sorted(declared.items())
        if place in names and is_given_up(wrap(*_close(schema, schemas)))
    ]


def _read(spec: Mapping[str, Any]) -> tuple[Any, Any]:
    """Return the schemas of a document of one operation, and what `_list_declared` returns of it."""
    schemas = spec["components"]["schemas"]
    [[operation]] = [list(item.values()) for item in spec["paths"].values()]
    return schemas, _list_declared(operation, schemas)


def _list_declared(
    operation: Mapping[str, Any], schemas: Mapping[str, Any]
) -> dict[tuple[str, str], tuple[Mapping[str, Any], bool]] | None:
    """Return the schema of each argument, by its place and name, and whether it is required.

    None if members of the body depend on each other.
    """
    declared: dict[tuple[str, str], tuple[Mapping[str, Any], bool]] = {}
    for parameter in operation["parameters"]:
        media: Mapping[str, Any] = next(iter(parameter.get("content", {}).values()), {})
        schema = parameter.get("schema") or media.get("schema") or {}
        declared[parameter["in"], parameter["name"]] = schema, bool(parameter.get("required"))
    for media in operation.get("requestBody", {}).get("content", {}).values():
        body = resolve(media["schema"], schemas)
        if not PLAIN_BODY.issuperset(body):
            return None
        for name, schema in body.get("properties", {}).items():
            declared["body", name] = schema, name in body.get("required", ())
    return declared


def _draw_argument(
    name: str,
    declared: tuple[Mapping[str, Any], bool],
    schemas: Mapping[str, Any],
    bounds: tuple[int, int],
    place: str,
) -> _Argument:
    schema, required = declared
    count, seed = bounds
    text = json.dumps(_close(schema, schemas), sort_keys=True)
    valid, wrong = _draw_values(text, max(count, DRAWN), seed)
    return _Argument(name, required, valid, (*wrong, _LEFT_OUT) if required and place != "path" else wrong)


def _close(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> tuple[Mapping[str, Any], dict[str, Any]]:
    """Return a schema with those that it needs. A reference and the same schema in place share values."""
    end = resolve(schema, schemas)
    return end, {name: schemas[name] for name in closure(end, schemas)}


@lru_cache(maxsize=4096)
def _draw_values(text: str, count: int, seed: int) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """Return the valid and the wrong values of a schema, which is JSON with the schemas that it needs."""
    schema, schemas = json.loads(text)
    valid = tuple(random_values(schema, schemas, count, seed, tens=True))
    test, chance = validator(schema, schemas), random.Random(f"{seed} {text}")
    wrong: dict[str, Any] = {}
    for value in (
        *_pass_bounds(chance, resolve(schema, schemas)),
        *(spoiled for near in valid[:5] for spoiled in _spoil(chance, near)),
        *ODDITIES,
        *_list_others(chance),
    ):
        if not test.is_valid(value):
            wrong[json.dumps(value)] = value  # 1 == True
    return valid, tuple(chance.sample(list(wrong.values()), min(len(wrong), WRONG)))


def _pass_bounds(chance: random.Random, schema: Mapping[str, Any]) -> Iterator[Any]:
    for keyword, step in (("maximum", 1), ("exclusiveMaximum", 1), ("minimum", -1), ("exclusiveMinimum", -1)):
        bound = schema.get(keyword)
        if isinstance(bound, int | float) and not isinstance(bound, bool):
            for distance in (0, 1, chance.randint(2, 50), chance.randint(51, 5_000)):
                yield bound + step * distance
    most, least = schema.get("maxLength"), schema.get("minLength")
    if isinstance(most, int) and most < LONGEST:
        yield from ("x" * (most + more) for more in (1, chance.randint(2, 40)))
    if isinstance(least, int) and 0 < least <= LONGEST:
        yield "x" * (least - 1)


def _spoil(chance: random.Random, value: Any) -> Iterator[Any]:
    """Yield values that are like a valid one and probably wrong."""
    if isinstance(value, str):
        short = value[: LONGEST // 50]
        yield from (short + "\n", short * 50, value[:-1], short.swapcase() + "~", [value])
    elif isinstance(value, bool):
        yield str(value).lower()
    elif isinstance(value, int | float):
        yield from (-value - 1, value + 10**7, value + 0.5, f"{value}x", chance.randrange(10**6, 10**9))
    elif isinstance(value, list):
        yield from (value[:5] * 40, [*value, None], {"0": value})
    elif isinstance(value, Mapping):
        for name in value:
            yield {other: inner for other, inner in value.items() if other != name}
            yield {**value, name: None}
            yield {**value, name: [[]]}
        yield {**value, "unknown_member": 1}


def _list_others(chance: random.Random) -> Iterator[Any]:
    for _ in range(5):
        yield chance.randint(-(10**6), 10**6)
        yield chance.uniform(-1e4, 1e4)
        yield "".join(chance.choices("abz09 -_~é", k=chance.randint(1, 12)))
        yield [chance.randint(0, 9)]
        yield {chance.choice("abc"): chance.randint(0, 9)}
