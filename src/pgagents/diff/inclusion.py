"""Decide whether one JSON Schema accepts every value that another accepts: `yes`, `no` or open.

`yes` rests on a proof over the keywords (`proof`). `no` rests on a value that one schema accepts and the
other refuses (`witness`). The question cannot be decided in bounded time for all schemas, so it may stay
open.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

from pgagents.base.jsonschema.schema import REF, closure, validator
from pgagents.base.jsonschema.walk import Child, rewrite
from pgagents.base.places import plain
from pgagents.diff.samples import candidates
from pgagents.diff.schemas import form, make_named

Schemas = Mapping[str, Any]
WIDTH = 160
_UNIONS = ("allOf", "anyOf", "oneOf")


def close_objects(schema: Mapping[str, Any], known: Schemas) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the schema and its named schemas with every object closed.

    An object that names no members stays open, because it is a map.
    """
    made = {name: _close_inside(known[name], known) for name in closure(schema, known)}
    return _close_value(schema, known), made


def _close_value(schema: Any, known: Schemas) -> Any:
    """Return the schema of a whole value with all unnamed members refused."""
    if not isinstance(schema, Mapping):
        return schema
    inside = _close_inside(schema, known)
    if not names_members(schema, known) or "unevaluatedProperties" in schema:
        return inside
    return {"allOf": [inside], "unevaluatedProperties": False}


def _close_inside(schema: Any, known: Schemas) -> Any:
    """Return the schema with the values inside it closed. It may be a part of an `allOf`."""
    if not isinstance(schema, Mapping):
        return schema
    return rewrite(schema, lambda child: _close_child(child, known))


def _close_child(child: Child, known: Schemas) -> Any:
    if child.keyword in _UNIONS:
        return _close_inside(child.schema, known)
    closes = child.kind in ("member", "item") and child.keyword != "contains"
    return _close_value(child.schema, known) if closes else child.schema


def names_members(schema: Any, known: Schemas) -> bool:
    """Return whether any part of the schema names a member of the object itself."""
    seen: set[str] = set()
    stack: list[Any] = [schema]
    while stack:
        one = stack.pop()
        if not isinstance(one, Mapping):
            continue
        if one.get("properties"):
            return True
        ref = one.get("$ref")
        if isinstance(ref, str) and ref not in seen:
            seen.add(ref)
            stack.append(known.get(ref[len(REF) :]))
        for key in _UNIONS:
            stack.extend(one.get(key) or ())
    return False


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


_NUMBERS = frozenset(("integer", "number"))
_OF = {
    **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"), _NUMBERS),
    **dict.fromkeys(("minLength", "maxLength", "pattern", "format"), frozenset(("string",))),
    **dict.fromkeys(("items", "minItems", "maxItems", "uniqueItems"), frozenset(("array",))),
    **dict.fromkeys(
        (
            "properties",
            "patternProperties",
            "required",
            "additionalProperties",
            "minProperties",
            "maxProperties",
        ),
        frozenset(("object",)),
    ),
}
_SILENT = frozenset(
    ("title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly", "$comment")
)
MAX_SPLITS = 4
MAX_STEPS = 20_000
Pair = tuple[str, str]


class Prover:
    """Proves that schemas are included in others.

    `known` are the named schemas of the narrower side, `others` those of the wider. `judge` validates by the
    whole wider schema.
    """

    def __init__(self, known: Mapping[str, Any], others: Mapping[str, Any], judge: Any) -> None:
        self.known, self.others, self.judge = known, others, judge
        self.steps = 0

    def proves(self, one: Any, other: Any) -> bool:
        """Return whether it is proved that `other` accepts every value that `one` accepts."""
        return self._under([one], other, frozenset(), frozenset(), MAX_SPLITS)

    def _under(
        self, given: Iterable[Any], goal: Any, assumed: frozenset[Pair], open_: frozenset[Pair], splits: int
    ) -> bool:
        """Return whether values that satisfy all of `given` are proved to satisfy `goal`.

        A pair in `assumed` counts as proved, because it is about a smaller value (induction).
        """
        self.steps += 1
        if self.steps > MAX_STEPS:
            return False
        if goal is True or goal == {}:
            return True
        facts = collect_facts(given, self.known)
        if facts is None:
            return True  # no value satisfies these constraints
        if goal is False:
            return False
        if len(facts) > MAX_FACTS:
            return False
        if "$ref" in goal:
            rest = {k: v for k, v in goal.items() if k != "$ref"}
            return self._reference(facts, goal["$ref"], assumed, open_, splits) and self._under(
                facts, rest, assumed, open_, splits
            )
        left = [key for key in goal if key not in _SILENT]
        kinds = find_types(facts)
        unproved = [key for key in left if not self._keyword(key, facts, kinds, goal, assumed, open_, splits)]
        if not unproved:
            return True
        return splits > 0 and self._by_cases(
            facts,
            kinds,
            {key: goal[key] for key in self._with_context(unproved, goal)},
            assumed,
            open_,
            splits,
        )

    @staticmethod
    def _with_context(keys: list[str], goal: Mapping[str, Any]) -> list[str]:
        """Add `properties` to `additionalProperties`, because its meaning depends on them."""
        return [
            *keys,
            *(
                ["properties"]
                if "additionalProperties" in keys and "properties" in goal and "properties" not in keys
                else []
            ),
        ]

    def _reference(
        self, facts: Facts, ref: str, assumed: frozenset[Pair], open_: frozenset[Pair], splits: int
    ) -> bool:
        pair = (json.dumps(sorted(json.dumps(f, sort_keys=True) for f in facts)), ref)
        if pair in assumed:
            return True
        if pair in open_:
            return False  # the same question about the same value proves nothing
        return self._under(facts, self.others.get(ref[len(REF) :], False), assumed, open_ | {pair}, splits)

    def _by_cases(
        self,
        facts: Facts,
        kinds: frozenset[str],
        goal: dict[str, Any],
        assumed: frozenset[Pair],
        open_: frozenset[Pair],
        splits: int,
    ) -> bool:
        for n, fact in enumerate(facts):
            for key in ("anyOf", "oneOf"):
                if key in fact:
                    others = [*facts[:n], *facts[n + 1 :], {k: v for k, v in fact.items() if k != key}]
                    if all(
                        self._under([*others, branch], goal, assumed, open_, splits - 1)
                        for branch in fact[key]
                    ):
                        return True
        if 1 < len(kinds) < len(TYPES):
            return all(
                self._under([*facts, {"type": kind}], goal, assumed, open_, splits - 1) for kind in kinds
            )
        return False

    def _keyword(
        self,
        key: str,
        facts: Facts,
        kinds: frozenset[str],
        goal: Mapping[str, Any],
        assumed: frozenset[Pair],
        open_: frozenset[Pair],
        splits: int,
    ) -> bool:
        wanted = goal[key]
        if key in _OF and not kinds & _OF[key]:
            return True
        if (values := list_values(facts, kinds)) is not None and key in ("type", "enum", "const", *_OF):
            return all(
                _meets(value, {k: goal[k] for k in self._with_context([key], goal)}, self.others)
                for value in values
            )
        written = json.dumps(wanted, sort_keys=True)
        alike = any(key in fact and json.dumps(fact[key], sort_keys=True) == written for fact in facts)
        if (
            alike and key != "additionalProperties" and '"$ref"' not in written
        ):  # the same name may mean different schemas on the two sides
            return True
        if key == "enum":  # there are too many values to try one by one
            return _is_listed(wanted, facts)
        if key == "type":
            allowed = {wanted} if isinstance(wanted, str) else set(wanted)
            return all(kind in allowed or (kind == "integer" and "number" in allowed) for kind in kinds)
        if key == "allOf":
            return all(self._under(facts, part, assumed, open_, splits) for part in wanted)
        if key == "anyOf":
            return any(self._under(facts, part, assumed, open_, 0) for part in wanted)
        if key == "oneOf":
            return self._one_of(facts, wanted, assumed, open_)
        if key in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"):
            return _is_bounded(key, wanted, facts, kinds)
        if key in ("minLength", "minItems", "maxLength", "maxItems"):
            return _is_sized(key, wanted, facts)
        if key == "uniqueItems":
            return not wanted or any(
                fact.get("uniqueItems") is True or fact.get("maxItems", 2) <= 1 for fact in facts
            )
        return self._inside(key, wanted, facts, goal, assumed | open_, splits)

    def _inside(
        self,
        key: str,
        wanted: Any,
        facts: Facts,
        goal: Mapping[str, Any],
        assumed: frozenset[Pair],
        splits: int,
    ) -> bool:
        """Prove keywords about members and items.

        Their values are smaller, so every open question may be assumed.
        """
        if key == "items":
            return self._under(
                [f["items"] for f in facts if "items" in f], wanted, assumed, frozenset(), splits
            )
        if key == "required":
            return all(any(name in fact.get("required", ()) for fact in facts) for name in wanted)
        if key == "properties":
            return all(
                self._under(list_constraints(facts, name), sub, assumed, frozenset(), splits)
                for name, sub in wanted.items()
            )
        if key == "patternProperties":
            said = [fact.get(key) or {} for fact in facts]
            return all(
                self._under([one[name] for one in said if name in one], sub, assumed, frozenset(), splits)
                for name, sub in wanted.items()
            )
        if key == "additionalProperties":
            listed = set(goal.get("properties") or ())
            named = {name for fact in facts for name in fact.get("properties") or ()} - listed
            rest = [fact["additionalProperties"] for fact in facts if "additionalProperties" in fact]
            return all(
                self._under(list_constraints(facts, name), wanted, assumed, frozenset(), splits)
                for name in named
            ) and self._under(rest, wanted, assumed, frozenset(), splits)
        if key == "minProperties":
            needed = {name for fact in facts for name in fact.get("required", ())}
            return wanted <= len(needed) or any(fact.get(key, 0) >= wanted for fact in facts)
        if key == "maxProperties":
            closed = (len(f.get("properties") or ()) for f in facts if f.get("additionalProperties") is False)
            return any(fact.get(key, wanted + 1) <= wanted for fact in facts) or any(
                count <= wanted for count in closed
            )
        return False

    def _one_of(
        self, facts: Facts, branches: list[Any], assumed: frozenset[Pair], open_: frozenset[Pair]
    ) -> bool:
        """Return whether one branch holds and no other can, because its types are disjoint from the given
        ones.
        """
        for n, branch in enumerate(branches):
            others = [*branches[:n], *branches[n + 1 :]]
            if self._under(facts, branch, assumed, open_, 0) and all(
                self._apart(facts, other) for other in others
            ):
                return True
        return False

    def _apart(self, facts: Facts, other: Any) -> bool:
        if not isinstance(other, dict):
            return other is False
        if "$ref" in other:
            other = self.others.get(other["$ref"][len(REF) :], {})
        kinds = find_types([other] if isinstance(other, dict) else [])
        return not (find_types(facts) & kinds)


def _meets(value: Any, goal: dict[str, Any], others: Mapping[str, Any]) -> bool:
    from pgagents.base.jsonschema.schema import validator

    try:
        return bool(validator(goal, others).is_valid(value))
    except ValueError:
        return False


def _is_listed(wanted: list[Any], facts: Facts) -> bool:
    """Return whether some fact's enumeration has only values of this one."""
    taken = {json.dumps(value, sort_keys=True) for value in wanted}
    return any(
        "enum" in fact and all(json.dumps(value, sort_keys=True) in taken for value in fact["enum"])
        for fact in facts
    )


def _is_sized(key: str, wanted: int, facts: Facts) -> bool:
    """Return whether some fact bounds a length at least as closely as this keyword."""
    if key.startswith("min"):
        return any(fact.get(key, 0) >= wanted for fact in facts) or wanted <= 0
    return any(fact.get(key, wanted + 1) <= wanted for fact in facts)


def _is_bounded(key: str, wanted: Any, facts: Facts, kinds: frozenset[str]) -> bool:
    for fact in facts:
        low, high = fact.get("minimum"), fact.get("maximum")
        above, below = fact.get("exclusiveMinimum"), fact.get("exclusiveMaximum")
        if key == "minimum" and (
            (low is not None and low >= wanted) or (above is not None and above >= wanted)
        ):
            return True
        if key == "maximum" and (
            (high is not None and high <= wanted) or (below is not None and below <= wanted)
        ):
            return True
        if key == "exclusiveMinimum" and (
            (above is not None and above >= wanted) or (low is not None and low > wanted)
        ):
            return True
        if key == "exclusiveMaximum" and (
            (below is not None and below <= wanted) or (high is not None and high < wanted)
        ):
            return True
        if key == "multipleOf" and "multipleOf" in fact and _exact(fact["multipleOf"]) % _exact(wanted) == 0:
            return True
    return key == "multipleOf" and not kinds & {"number"} and _exact(1) % _exact(wanted) == 0


def _exact(number: Any) -> Fraction:
    return Fraction(str(number))


@dataclass(frozen=True, slots=True)
class Answer:
    """The decision. `example` is JSON of a value that only the first schema accepts; empty unless `no`."""

    verdict: Literal["yes", "no", "open"]
    example: str = ""


def decide_inclusion(
    one: Mapping[str, Any],
    known: Schemas,
    other: Mapping[str, Any],
    others: Schemas,
    *,
    named_only: bool = False,
) -> Answer:
    """Decide whether `other` accepts all values that `one` accepts. `known` and `others` are their named
    schemas.

    `named_only` leaves out values with members that `one` does not name, except in maps.
    """
    if same_form(one, known, other, others):
        return Answer("yes")
    one, other = plain(one), plain(other)
    known = {name: plain(known[name]) for name in closure(one, known)}
    others = {name: plain(others[name]) for name in closure(other, others)}
    try:
        takes = validator(*(close_objects(one, known) if named_only else (one, known)))
        refuses = validator(other, others)
    except ValueError:
        return Answer("open")
    for value in candidates(one, known, other, others):
        if takes.is_valid(value) and not refuses.is_valid(value):
            return Answer("no", format_json(value))
    return Answer("yes") if Prover(known, others, refuses).proves(one, other) else Answer("open")


def same_form(one: Mapping[str, Any], known: Schemas, other: Mapping[str, Any], others: Schemas) -> bool:
    """Return whether both schemas, and the schemas that they refer to, are equal apart from texts."""
    if form(one) != form(other):
        return False
    a, b = make_named(known), make_named(others)
    names = a.closure(one)
    return names == b.closure(other) and all(a.forms[name] == b.forms[name] for name in names)


def format_json(value: Any) -> str:
    """Return a value as JSON, cut to so many characters."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= WIDTH else text[: WIDTH - 1] + "…"
