"""Choose other values for an argument that may break laws which hold by accident."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pgagents.cel.expression import Expression
from pgagents.model.argument import Param
from pgagents.suggest.samples import Samples
from pgagents.suggest.shapes import declared_values, format_of, item_schema, resolve_all
from pgagents.verify.fixtures.target import list_chosen_ids
from pgagents.verify.setting import Setting
from pgagents.verify.values.schema_values import distinct, high, low
from pgagents.verify.wire.call import InstanceRef, RelativeTime, Signature, UniqueValue
from pgagents.verify.wire.endpoint import Endpoint


class _LeftOut:
    """The type of LEFT_OUT."""


LEFT_OUT: Any = _LeftOut()
"""Stands for an argument that is not given."""
NUMBERS = (0.07, 0.29, 1.15, 2.35, 3, 7, 13, 16.35, 23.5, 25, 49)
"""Numbers whose products end in half a cent, and whole numbers around the hours of a day."""
TEXTS = ("Ab-12 xY", "ab-12 xy", "QR 77 é", "Zz")
MOST = 12
OPAQUE = InstanceRef | UniqueValue | Signature | RelativeTime


def other_values(
    setting: Setting, endpoint: Endpoint, param: Param, usual: Any, samples: Samples
) -> list[Any]:
    """Return valid values of an argument except the usual one; LEFT_OUT if the argument is optional."""
    if param.refers_to or param.file is not None or isinstance(usual, OPAQUE):
        return []
    if param in list_chosen_ids(setting.model, endpoint.action):
        return []  # an id that an answer held is the id of something older, which the call may overwrite
    fits = setting.test_argument(endpoint, param)
    found: list[Any] = []
    seen = isinstance(usual, Expression)  # an expression's value is unknown until the call is made
    for value in _seen(str(param.name), samples) if seen else _choose(setting, param, usual, samples):
        if value != usual and value not in found and fits.is_valid(value):
            found.append(value)
    if not param.required and "default" not in param.schema and usual is not LEFT_OUT:
        found.insert(0, LEFT_OUT)
    return found[:MOST]


def _choose(setting: Setting, param: Param, usual: Any, samples: Samples) -> Iterator[Any]:
    schemas, schema = setting.model.schemas, param.schema
    yield from declared_values(schema, schemas)
    yield from _seen(str(param.name), samples)
    kinds = {k for part in resolve_all(schema, schemas) for k in list_kinds(part)}
    if isinstance(usual, str) and not format_of(schema, schemas):
        yield from (usual.lower(), usual.upper(), usual.swapcase(), usual[: max(1, len(usual) - 1)])
    if "string" in kinds and not format_of(schema, schemas):
        yield from TEXTS
    if kinds & {"number", "integer"}:
        yield from _numbers(kinds, usual)
    if "array" in kinds:
        seen = list(_seen(str(param.name), samples))
        yield from _lists(item_schema(schema, schemas), seen or usual, schemas)
    if isinstance(usual, Mapping):
        yield from _objects(usual)
    if "null" in kinds:
        yield None
    if not format_of(schema, schemas):
        yield from (low(schema, schemas), high(schema, schemas))


def list_kinds(part: Mapping[str, Any]) -> Sequence[str]:
    """Return the types of a schema."""
    kinds = part.get("type", ())
    return (kinds,) if isinstance(kinds, str) else tuple(kinds)


def _numbers(kinds: set[str], usual: Any) -> Iterator[float | int]:
    for number in NUMBERS:
        if "number" in kinds or float(number).is_integer():
            yield number
    if isinstance(usual, int | float) and not isinstance(usual, bool):
        yield from (usual + 1, usual * 2, usual - 1)


def _lists(items: Mapping[str, Any], usual: Any, schemas: Mapping[str, Any]) -> Iterator[list[Any]]:
    """Yield lists with one item, with two in both orders, and with one item twice."""
    known = list(declared_values(items, schemas)) or (list(usual) if isinstance(usual, list) else [])
    if not known and items:
        known = [distinct(items, schemas, 1), distinct(items, schemas, 2)]
    if known:
        a, b = known[0], known[-1]
        yield from ([a], [b], [a, b], [b, a], [a, a], [a, b, a], known[:3])


def _objects(usual: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the object with one member left out, in other letter case, or negated."""
    for name, value in usual.items():
        yield {k: v for k, v in usual.items() if k != name}
        if isinstance(value, bool):
            yield {**usual, name: not value}
        elif isinstance(value, str):
            yield {**usual, name: value.swapcase()}


def _seen(name: str, samples: Samples) -> Iterator[Any]:
    """Yield values from answers under the argument's name, so that filters find something."""
    found: dict[str, Any] = {}
    for sample in samples.every():
        for value in _members(sample.values["response"], name, 0):
            if isinstance(value, str | int | float) and not isinstance(value, bool):
                found.setdefault(repr(value), value)
        if len(found) > MOST:
            break
    yield from list(found.values())[:MOST]


def _members(value: Any, name: str, depth: int) -> Iterable[Any]:
    if depth > 4:
        return
    if isinstance(value, Mapping):
        if name in value:
            yield from value[name] if isinstance(value[name], list) else [value[name]]
        for inner in value.values():
            yield from _members(inner, name, depth + 1)
    elif isinstance(value, list):
        for inner in value[:5]:
            yield from _members(inner, name, depth + 1)
