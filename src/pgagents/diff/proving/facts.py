"""Read from schemas what is known of a value: its types, all its values if they are few, and its members."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pgagents.jsonschema.schema import REF

TYPES = ("null", "boolean", "integer", "number", "string", "array", "object")
MAX_FACTS = 60
MAX_FINITE = 300

Facts = list[dict[str, Any]]


def collect_facts(given: Iterable[Any], known: Mapping[str, Any]) -> Facts | None:
    """Return all constraints, with references to `known` schemas and `allOf` expanded.

    None if they contradict each other.
    """
    found: Facts = []
    stack = list(given)
    seen: set[str] = set()
    while stack and len(found) <= MAX_FACTS:
        one = stack.pop()
        if one is False:
            return None
        if not isinstance(one, dict) or not one:
            continue
        rest = dict(one)
        ref = rest.pop("$ref", None)
        if isinstance(ref, str):
            if ref not in seen:
                seen.add(ref)
                stack.append(known.get(ref[len(REF) :], {}))
            stack.append(rest)
            continue
        stack.extend(rest.pop("allOf", ()))
        if "patternProperties" in rest:
            rest.pop("additionalProperties", None)  # it does not apply to members that a pattern matches
        if "prefixItems" in rest:
            rest.pop("items", None)  # it does not apply to the first items
        if rest and rest not in found:
            found.append(rest)
    return found


def find_types(facts: Facts) -> frozenset[str]:
    """Return the possible types of a value.

    An integer counts as `integer` and `number`, other numbers as `number`.
    """
    left = set(TYPES)
    for fact in facts:
        if "type" in fact:
            allowed = {fact["type"]} if isinstance(fact["type"], str) else set(fact["type"])
            left &= allowed | ({"integer"} if "number" in allowed else set())
        for value_list in ([fact["const"]] if "const" in fact else None, fact.get("enum")):
            if value_list is not None:
                left &= {kind for value in value_list for kind in _types_of(value)}
    return frozenset(left)


def _types_of(value: Any) -> tuple[str, ...]:
    if value is None:
        return ("null",)
    if isinstance(value, bool):
        return ("boolean",)
    if isinstance(value, int) or (isinstance(value, float) and value.is_integer()):
        return ("integer", "number")
    names = {float: "number", str: "string", list: "array", dict: "object"}
    return (names[type(value)],)


def list_values(facts: Facts, kinds: frozenset[str]) -> list[Any] | None:
    """Return a list that contains all possible values, if they are few; otherwise None."""
    for fact in facts:
        if "const" in fact:
            return [fact["const"]]
        if "enum" in fact and len(fact["enum"]) <= MAX_FINITE:
            return [value for value in fact["enum"] if set(_types_of(value)) & kinds]
    if kinds and kinds <= {"null", "boolean"}:
        return [
            value
            for kind, values in (("null", [None]), ("boolean", [True, False]))
            if kind in kinds
            for value in values
        ]
    return None


def list_constraints(facts: Facts, name: str) -> list[Any]:
    """Return all constraints on the member of a name."""
    found = []
    for fact in facts:
        properties = fact.get("properties") or {}
        if name in properties:
            found.append(properties[name])
        elif "additionalProperties" in fact:
            found.append(fact["additionalProperties"])
    return found
