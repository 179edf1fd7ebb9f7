"""Find keywords of one schema that contradict each other, and values that its type does not allow.

Some vendors refuse such a schema, and a model that reads it is told what no call can do. Only keywords of the
same object are compared, in either spelling of types: `string` or `STRING`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pgagents.base.text import brief, correct_articles

_PAIRS = (
    ("minimum", "maximum"),
    ("minLength", "maxLength"),
    ("minItems", "maxItems"),
    ("minProperties", "maxProperties"),
    ("minContains", "maxContains"),
)
_SIZES = {"string": ("minLength", "maxLength"), "array": ("minItems", "maxItems")}
_NAMES = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}
_KNOWN = frozenset(("null", *_NAMES.values()))
_FLAGS = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Clash:
    """A keyword that contradicts another one of its schema. `message` is a sentence without a full stop."""

    keyword: str
    message: str
    wrong_type: bool = False
    """True if a value of the keyword is of another type than the schema states."""


def type_of(value: Any) -> str:
    """Return the JSON type of a value; a whole number is an `integer`, also as `1.0`."""
    if value is None:
        return "null"
    if isinstance(value, float) and value.is_integer():
        return "integer"
    return _NAMES.get(type(value), "object")


def is_of(value: Any, kinds: Collection[str]) -> bool:
    """True if a value has one of these types; no types allow any value."""
    kind = type_of(value)
    return not kinds or kind in kinds or (kind == "integer" and "number" in kinds)


def as_type(value: Any, kinds: Collection[str]) -> Any:
    """Return a value as one of these types if it is another spelling of it, as `"1"` is of 1; else itself."""
    if is_of(value, kinds):
        return value
    if "string" in kinds and isinstance(value, bool | int | float):
        return json.dumps(value)
    if isinstance(value, str):
        if "boolean" in kinds and value in _FLAGS:
            return _FLAGS[value]
        try:
            number = json.loads(value) if len(value) <= 20 else None
        except ValueError:
            number = None
        if isinstance(number, int | float) and math.isfinite(number) and is_of(number, kinds):
            return number
    return value


def kinds_of(schema: Mapping[str, Any]) -> set[str]:
    """Return the types that a schema states, in small letters; empty if it states none, or an unknown one."""
    written = schema.get("type")
    kinds = {str(kind).lower() for kind in (written if isinstance(written, list) else [written]) if kind}
    if schema.get("nullable") is True and kinds:
        kinds.add("null")
    return kinds if kinds <= _KNOWN else set()


def find_clashes(schema: Mapping[str, Any]) -> Iterator[Clash]:
    """Yield what contradicts in a schema, without the schemas inside it."""
    kinds = kinds_of(schema)
    enum = schema.get("enum")
    if isinstance(enum, list) and not enum:
        yield Clash("enum", "`enum` lists no value")
    elif isinstance(enum, list):
        wrong = [value for value in enum if not is_of(value, kinds)]
        if wrong:
            message = f"`enum` has {_show(wrong[0])}, which is not {_join(kinds)}"
            yield Clash("enum", message, wrong_type=True)
        if len({_key(value) for value in enum}) < len(enum):
            yield Clash("enum", "`enum` has a value twice")
    if "const" in schema:
        const = schema["const"]
        if not is_of(const, kinds):
            yield Clash("const", f"`const` is {_show(const)}, which is not {_join(kinds)}", wrong_type=True)
        elif isinstance(enum, list) and _key(const) not in {_key(value) for value in enum}:
            yield Clash("const", f"`const` is {_show(const)}, which `enum` does not list")
    yield from _find_bounds(schema)
    if "default" in schema:
        yield from _find_default(schema, kinds)
    yield from _find_required(schema, kinds)


def _find_bounds(schema: Mapping[str, Any]) -> Iterator[Clash]:
    for low, high in _PAIRS:
        least, most = _number(schema.get(low)), _number(schema.get(high))
        if least is not None and most is not None and least > most:
            yield Clash(low, f"no value is within `{low}` {_show(least)} and `{high}` {_show(most)}")


def _find_default(schema: Mapping[str, Any], kinds: set[str]) -> Iterator[Clash]:
    value, enum = schema["default"], schema.get("enum")
    if not is_of(value, kinds):
        yield Clash("default", f"`default` is {_show(value)}, which is not {_join(kinds)}", wrong_type=True)
    elif isinstance(enum, list) and _key(value) not in {_key(each) for each in enum}:
        yield Clash("default", f"`default` is {_show(value)}, which `enum` does not list")
    else:
        low, high = _SIZES.get(type_of(value), ("minimum", "maximum"))
        size = len(value) if isinstance(value, str | list) else _number(value)
        least, most = _number(schema.get(low)), _number(schema.get(high))
        outside = size is not None and (
            (least is not None and size < least) or (most is not None and size > most)
        )
        if outside:
            message = f"`default` is {_show(value)}, which is not within `{low}` and `{high}`"
            yield Clash("default", message)


def _find_required(schema: Mapping[str, Any], kinds: set[str]) -> Iterator[Clash]:
    required, members = schema.get("required"), schema.get("properties")
    if not isinstance(required, list) or schema.get("additionalProperties") is not False:
        return
    if (kinds and "object" not in kinds) or "patternProperties" in schema:
        return
    known = members if isinstance(members, dict) else {}
    lacking = [name for name in required if isinstance(name, str) and name not in known]
    if lacking:
        yield Clash("required", f"`{brief(lacking[0], 60)}` is required, and no such member is allowed")


def _number(value: Any) -> float | None:
    known = isinstance(value, int | float) and not isinstance(value, bool)
    return value if known else None


def _key(value: Any) -> str:
    """Return a text that equal JSON values have in common; 1 and 1.0 are one, 1 and true are not."""
    whole = isinstance(value, float) and value.is_integer()
    return json.dumps(int(value) if whole else value, sort_keys=True, default=str)


def _join(kinds: Collection[str]) -> str:
    return correct_articles(" or ".join(k if k == "null" else f"a {k}" for k in sorted(kinds)))


def _show(value: Any) -> str:
    return f"`{brief(json.dumps(value, ensure_ascii=False, default=str), 60)}`"
