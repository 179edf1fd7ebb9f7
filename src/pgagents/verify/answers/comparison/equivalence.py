"""Compare two surfaces' answers to the same call, without the values that may rightly differ."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pgagents.model.resource import Resource
from pgagents.verify.check.setting import Setting
from pgagents.verify.fixtures.marks import normalize_marks
from pgagents.verify.wire.exchange import Exchange


def pair_fresh_values(one: Exchange, two: Exchange) -> list[tuple[Any, Any]]:
    """Return pairs of values that were made anew for each of two otherwise equal calls.

    Both answers may repeat their own value. A short value is a digest, in which no mark can be recognised.
    """
    asked = (one.call.input, two.call.input)
    return [
        (given, two.input[name])
        for name, given in one.input.items()
        if name in two.input and asked[0].get(name) == asked[1].get(name) and given != two.input[name]
    ]


def list_places(resource: Resource) -> list[str]:
    """Return the arguments of the resource's create that name other instances, such as the place of a
    booking.
    """
    made = resource.made_by
    return [str(p.name) for p in made.action.params if p.refers_to] if made is not None else []


def to_forms(a: Any, b: Any) -> tuple[Any, Any]:
    """Return the types of the members that two answers have in common, without their values.

    An optional member that one of two instances lacks is no difference; `response_schema` holds the required
    ones. A null or an empty list gets the form of the other answer's value at that place.
    """
    if isinstance(a, dict) and isinstance(b, dict):
        both = {name: to_forms(a[name], b[name]) for name in a if name in b}
        return {name: form[0] for name, form in both.items()}, {name: form[1] for name, form in both.items()}
    if isinstance(a, list) and isinstance(b, list):
        first = to_forms(a[0], b[0]) if a and b else ("", "")
        return [first[0]], [first[1]]
    if a is None or b is None:
        return "", ""
    return _type_name(a), _type_name(b)


def _type_name(value: Any) -> str:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return "number" if number else type(value).__name__


def find_volatile(setting: Setting, exchange: Exchange) -> frozenset[str]:
    """Return the members that may differ from call to call: the volatile members of each resource that the
    action touches.
    """
    endpoint = exchange.call.endpoint
    assert endpoint is not None
    found: set[str] = set()
    for resource in setting.model.resources.values():
        calls = [
            resource.found_by,
            resource.made_by,
            resource.undone_by,
            *resource.read_by,
            *resource.listed_by,
            *resource.moves,
        ]
        refers = any(p.refers_to == resource.name for p in endpoint.params)
        if refers or any(c is not None and c.action is endpoint.action for c in calls):
            found |= set(resource.volatile)
            if endpoint.action.effect == "write":
                found.update(resource.ids)
                if resource.made_by is not None and resource.made_by.id_at is not None:
                    found.add(resource.made_by.id_at[1])
    return frozenset(found | setting.model.secrets)


def remove_members(value: Any, members: frozenset[str], path: str = "") -> Any:
    """Return an answer without these members. A name with dots is a path, such as the id of an inner
    object.
    """
    if isinstance(value, dict):
        paths = tuple(f".{name}" for name in members if "." in name)
        kept = {k: v for k, v in value.items() if k not in members and not f"{path}.{k}".endswith(paths)}
        return {k: remove_members(v, members, f"{path}.{k}") for k, v in kept.items()}
    if isinstance(value, str):
        return normalize_marks(value)
    return [remove_members(v, members, path) for v in value] if isinstance(value, list) else value


def find_difference(
    a: Any, b: Any, setting: Setting, fresh: Sequence[tuple[Any, Any]], path: str = "body"
) -> str:
    """Return the path of the first difference between two answers; empty if they agree.

    `fresh` are pairs of values that were made anew for each call; a difference between the two of a pair is
    allowed.
    """
    if isinstance(a, dict) and isinstance(b, dict):
        for name in {**a, **b}:
            if name not in a or name not in b:
                return f"{path}.{name}"
            if where := find_difference(a[name], b[name], setting, fresh, f"{path}.{name}"):
                return where
        return ""
    if isinstance(a, list) and isinstance(b, list):
        if len(a) != len(b):
            return f"{path} ({len(a)} items and {len(b)})"
        if setting.model.behaviour.order_of_ties == "any":
            a, b = sorted(a, key=repr), sorted(b, key=repr)
        for index, (x, y) in enumerate(zip(a, b, strict=True)):
            if where := find_difference(x, y, setting, fresh, f"{path}.{index}"):
                return where
        return ""
    return "" if a == b or (a, b) in fresh else path


def differ_in_instance(setting: Setting, one: Exchange, two: Exchange) -> bool:
    """True if the calls named different instances that were made, because their histories differ."""
    resources = setting.model.resources
    named = [
        str(p.name)
        for p in (one.call.endpoint.params if one.call.endpoint else ())
        if p.refers_to and resources[p.refers_to].made_by
    ]
    return any(one.input.get(name) != two.input.get(name) for name in named)
