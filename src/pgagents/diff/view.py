"""A schema split for comparison into members, items, and other constraints."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pgagents.diff.named import ANNOTATIONS
from pgagents.jsonschema.schema import REF

Schemas = Mapping[str, Any]
Rest = Literal["closed", "described", "free", "open"]
"""The unnamed members that an object allows.

`closed`: none. `described`: those of a schema. `free`: any, because the schema says so or names no members.
`open`: the schema does not say.
"""
MAX_FACTS = 200
_SHAPE = frozenset(("properties", "required", "items", "additionalProperties", "unevaluatedProperties"))


@dataclass(slots=True)
class View:
    """All constraints of one schema, with references and `allOf` expanded."""

    facts: list[Mapping[str, Any]]
    members: dict[str, list[Any]] = field(default_factory=dict)
    required: set[str] = field(default_factory=set)
    items: list[Any] = field(default_factory=list)
    others: Rest = "open"
    other: list[Any] = field(default_factory=list)
    """Schemas of unnamed members."""
    rest: list[dict[str, Any]] = field(default_factory=list)

    def member(self, name: str) -> Any:
        """Return the schema of one member."""
        return join_schemas(self.members[name])

    def name_members(self, names: Iterable[str]) -> None:
        """Let these members be named beside patterns, where all unnamed members are refused.

        A member that is new in the other edition harms no reader, although this one refuses every other name.
        For callers it may: a pattern may have taken other values of that name.
        """
        more: dict[str, Any] = {name: {} for name in names}
        self.rest = [
            {**one, "properties": {**more, **one["properties"]}}
            if one.get("additionalProperties") is False and "properties" in one
            else one
            for one in self.rest
        ]

    def whole(self) -> Any:
        """Return the whole schema."""
        return join_schemas(self.facts)


def join_schemas(schemas: list[Any]) -> Any:
    """Return one schema with the constraints of all of these."""
    if not schemas:
        return {}
    return schemas[0] if len(schemas) == 1 else {"allOf": list(schemas)}


def view(schema: Any, known: Schemas) -> View:
    """Return a schema's view."""
    made = View(facts(schema, known))
    patterns = any("patternProperties" in fact for fact in made.facts)
    for fact in made.facts:
        for name, member in (fact.get("properties") or {}).items():
            made.members.setdefault(name, []).append(member)
        made.required.update(fact.get("required") or ())
        if "items" in fact:
            made.items.append(fact["items"])
        if rest := _beside(fact, patterns=patterns):
            made.rest.append(rest)
    if not patterns:
        _set_others(made)
    return made


def _beside(fact: Mapping[str, Any], *, patterns: bool) -> dict[str, Any]:
    """Return the constraints of a schema except those on members and items.

    Patterns decide which members are unnamed, so keywords beside patterns stay together.
    """
    rest = {key: value for key, value in fact.items() if key not in _SHAPE and key not in ANNOTATIONS}
    if patterns and "additionalProperties" in fact:
        rest["additionalProperties"] = fact["additionalProperties"]
        rest["properties"] = {name: {} for name in fact.get("properties") or ()}
    if patterns and "unevaluatedProperties" in fact:
        rest["unevaluatedProperties"] = fact["unevaluatedProperties"]
    return rest


def _set_others(made: View) -> None:
    said = [
        fact[key]
        for fact in made.facts
        for key in ("additionalProperties", "unevaluatedProperties")
        if key in fact
    ]
    if any(one is False for one in said):
        made.others = "closed"
    elif described := [one for one in said if isinstance(one, Mapping) and one]:
        made.others, made.other = "described", described
    elif said or not made.members:
        made.others = "free"


def facts(schema: Any, known: Schemas) -> list[Mapping[str, Any]]:
    """Return all constraints on a value.

    References, `allOf` and unions of one branch are expanded, each name once.
    """
    found: list[Mapping[str, Any]] = []
    stack, seen = [schema], set()
    while stack and len(found) < MAX_FACTS:
        one = stack.pop()
        if one is False:
            found.append({"not": {}})
        if not isinstance(one, Mapping) or not one:
            continue
        rest = dict(one)
        ref = rest.pop("$ref", None)
        parts: list[Any] = []
        if isinstance(ref, str) and ref not in seen:
            seen.add(ref)
            parts.append(known.get(ref[len(REF) :], {}))
        for key in ("allOf", "anyOf", "oneOf"):
            if key in rest and (key == "allOf" or len(rest[key]) == 1):
                parts += rest.pop(key)
        stack += reversed(parts)
        if any(key not in ANNOTATIONS for key in rest):
            found.append(one if not parts and ref is None else rest)
    return found
