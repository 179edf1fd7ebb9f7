"""Schemas of one edition in the form in which they are compared, and the difference of two.

Answers about named schemas are cached. A schema is seen as members, items and other constraints, and in the
form that callers or readers see, by `readOnly` and `writeOnly`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pgagents.base.jsonschema.schema import REF, reach, refs
from pgagents.base.jsonschema.walk import CONDITIONS, Child, rewrite
from pgagents.base.places import Node, Pointer, origin_of
from pgagents.base.text import brief
from pgagents.diff.change import Severity

Who = Literal["callers", "readers"]


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference. `path` leads to it inside the value (`order.items[].status`). `said` describes the new
    state.

    `old` and `new` are the places of the schema in the two files, if known.
    """

    severity: Severity
    id: str
    path: str
    said: str
    example: str = ""
    old: Pointer | None = None
    new: Pointer | None = None


@dataclass(frozen=True, slots=True)
class Pair:
    """Two named schemas in the same place. They are compared separately."""

    old: str
    new: str
    path: str


WORDS = (
    "title",
    "description",
    "default",
    "examples",
    "example",
    "externalDocs",
    "deprecated",
    "readOnly",
    "writeOnly",
)
"""Keywords of a schema that do not restrict values."""
ANNOTATIONS = frozenset((*WORDS, "$comment"))


OTHER = "x-other-keywords"
"""The key under which unknown keywords are kept, so that their changes are found. No message shows it."""


@dataclass(frozen=True, slots=True)
class Marked:
    """The named schemas with a mark, also by reference, and the marked members of each named schema."""

    schemas: set[str] = field(default_factory=set)
    members: dict[str, set[str]] = field(default_factory=dict)


class Named(dict[str, Any]):
    """Named schemas. They must not change any more."""

    def __init__(self, schemas: Mapping[str, Any]) -> None:
        super().__init__(schemas)
        self.forms = {name: form(schema) for name, schema in schemas.items()}
        self.near = {name: refs(schema) & schemas.keys() for name, schema in schemas.items()}
        self.reached: dict[str, frozenset[str]] = {}
        self.compared: dict[Any, Any] = {}
        self.turned: dict[str, Named] = {}
        self._changed: dict[int, tuple[Named, frozenset[str]]] = {}
        self._marked: dict[str, Marked] = {}

    def reach(self, name: str) -> frozenset[str]:
        """Return the names that a schema refers to, directly or not, including its own."""
        if name not in self.reached:
            self.reached[name] = reach(name, self.near)
        return self.reached[name]

    def leads_to_change(self, name: str, others: Named) -> bool:
        """Return True if a schema, or one that it refers to, differs in the other edition."""
        if id(others) not in self._changed:
            self._changed[id(others)] = others, frozenset(n for n in self if self[n] != others.get(n))
        return name not in self.near or not self._changed[id(others)][1].isdisjoint(self.reach(name))

    def find_marked(self, mark: str) -> Marked:
        """Return what has a mark, each found once however long the references are."""
        if mark not in self._marked:
            found = self._marked[mark] = Marked()
            direct = [
                n for n, schema in self.items() if isinstance(schema, Mapping) and schema.get(mark) is True
            ]
            named = {n: [_name(schema)] for n, schema in self.items() if isinstance(schema, Mapping)}
            found.schemas.update(_close(direct, _invert(named)))
            parts = {name: list(_list_parts(schema)) for name, schema in self.items()}
            users = _invert({name: {_name(part) for part in several} for name, several in parts.items()})
            having: dict[str, list[str]] = {}
            for name, several in parts.items():
                for member in _list_own_marked(several, self, mark):
                    having.setdefault(member, []).append(name)
            for member, names in having.items():
                for name in _close(names, users):
                    found.members.setdefault(name, set()).add(member)
        return self._marked[mark]

    def closure(self, schema: Mapping[str, Any]) -> frozenset[str]:
        """Return all names that a schema refers to, directly or not."""
        return frozenset().union(*(self.reach(name) for name in refs(schema) if name in self))


def make_named(schemas: Mapping[str, Any]) -> Named:
    """Return the schemas with cached answers."""
    return schemas if isinstance(schemas, Named) else Named(schemas)


def form(schema: Any) -> str:
    """Return the schema as text, without titles, descriptions and examples."""
    return json.dumps(bare(schema), sort_keys=True)


def bare(schema: Any) -> Any:
    """Return the schema without titles, descriptions and examples."""
    if not isinstance(schema, Mapping):
        return schema
    made = {key: value for key, value in schema.items() if key not in ANNOTATIONS}
    if isinstance(made.get("required"), list):
        made["required"] = sorted(made["required"])
    return rewrite(made, lambda child: bare(child.schema))


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


ABSENT: Any = object()
"""The value of a keyword that a schema does not have."""


def walk_alongside(
    old: Any, new: Any, path: str, *, same: bool = False
) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any], str]]:
    """Yield pairs of schemas in the same place of two schemas of equal structure.

    Equal pairs are left out unless `same` is true.
    """
    stack: list[tuple[Any, Any, str]] = [(old, new, path)]
    while stack:
        a, b, at = stack.pop()
        if not isinstance(a, Mapping) or not isinstance(b, Mapping) or (a == b and not same):
            continue
        yield a, b, at
        for key in ("properties", "patternProperties"):
            for name, member in (a.get(key) or {}).items():
                stack.append((member, (b.get(key) or {}).get(name), f"{at}.{name}" if at else name))
        for key, mark in (("items", "[]"), ("additionalProperties", ".*")):
            if key in a:
                stack.append((a[key], b.get(key), f"{at}{mark}"))
        for key in ("allOf", "anyOf", "oneOf", "prefixItems"):
            stack.extend((x, y, at) for x, y in zip(a.get(key) or (), b.get(key) or (), strict=False))


def keywords(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """Describe at most three differing keywords of two schemas; empty if none differ."""
    told = []
    old, new = ({**schema, **schema.get(OTHER, {})} for schema in (old, new))
    for key in dict.fromkeys([*old, *new]):
        if key in ANNOTATIONS or key in (OTHER, "anyOf", "oneOf", "allOf"):
            continue
        before, after = old.get(key, ABSENT), new.get(key, ABSENT)
        if not is_same(before, after):
            told.append(
                f"{key} {'none' if after is ABSENT else shorten_json(after)}, was "
                f"{'none' if before is ABSENT else shorten_json(before)}"
            )
    return f" ({'; '.join(told[:3])})" if told else ""


def is_same(a: Any, b: Any) -> bool:
    """True if two values are the same as JSON, or both absent."""
    if a is ABSENT or b is ABSENT:
        return a is b
    return json.dumps(a, sort_keys=True) == json.dumps(b, sort_keys=True)


def shorten_json(value: Any) -> str:
    """Return a value as JSON, cut to sixty characters."""
    return brief(json.dumps(value, ensure_ascii=False), 60)


MARKS: dict[Who, str] = {"callers": "readOnly", "readers": "writeOnly"}
"""The mark of members that each side neither sends nor reads."""


def turn_schemas(schemas: Schemas, who: Who) -> Named:
    """Return the named schemas as one side sees them."""
    named = make_named(schemas)
    if who not in named.turned:
        made = {name: turn_schema(schema, named, who) for name, schema in named.items()}
        same = all(made[name] is schema for name, schema in named.items())
        named.turned[who] = named if same else Named(made)
    return named.turned[who]


def turn_schema(schema: Any, known: Schemas, who: Who) -> Any:
    """Return the schema as one side sees it: members that only the other side has are not required, and no
    value of them matters.
    """
    return _turn(schema, make_named(known), MARKS[who], frozenset())


def _turn(schema: Any, known: Named, mark: str, unseen: frozenset[str]) -> Any:
    if not isinstance(schema, Mapping):
        return schema
    unseen |= _list_marked(schema, known, mark)

    def turn_inside(child: Child) -> Any:
        if child.keyword in CONDITIONS:
            return child.schema
        if child.keyword == "properties" and child.steps[1] in unseen:
            return hide_member(child.schema, mark)
        return _turn(child.schema, known, mark, unseen if child.kind == "value" else frozenset())

    made = rewrite(schema, turn_inside)
    required = made.get("required")
    kept = [name for name in required if name not in unseen] if isinstance(required, list) else required
    if made is not schema or kept != required:
        written = {**made, "required": kept} if kept else {k: v for k, v in made.items() if k != "required"}
        made = Node(written, origin=schema.origin) if isinstance(schema, Node) else written
    return made


def hide_member(member: Any, mark: str) -> Any:
    """Return the schema of a member that one side neither sends nor reads: its mark alone."""
    if isinstance(member, Mapping) and member.keys() == {mark}:
        return member
    return Node({mark: True}, origin=origin_of(member) or ())


def _list_marked(schema: Any, known: Named, mark: str) -> frozenset[str]:
    """Return the members with a mark, also of the schemas that a schema refers to or consists of."""
    parts = list(_list_parts(schema))
    own = _list_own_marked(parts, known, mark)
    return own.union(*(known.find_marked(mark).members.get(_name(part), ()) for part in parts))


def _list_own_marked(parts: Iterable[Mapping[str, Any]], known: Named, mark: str) -> frozenset[str]:
    schemas = known.find_marked(mark).schemas
    return frozenset(
        name
        for part in parts
        for name, member in (part.get("properties") or {}).items()
        if isinstance(member, Mapping) and (member.get(mark) is True or _name(member) in schemas)
    )


def _list_parts(schema: Any) -> Iterator[Mapping[str, Any]]:
    """Yield a schema, and those in its `allOf`."""
    stack = [schema]
    while stack:
        one = stack.pop()
        if isinstance(one, Mapping):
            yield one
            stack.extend(one.get("allOf") or ())


def _name(schema: Mapping[str, Any]) -> str:
    """Return the name of the schema that this one refers to; empty if it refers to none."""
    ref = schema.get("$ref")
    return ref[len(REF) :] if isinstance(ref, str) else ""


def _close(names: Iterable[str], users: Mapping[str, Iterable[str]]) -> set[str]:
    """Return the names, and those that use them, directly or not."""
    found, stack = set[str](), [*names]
    while stack:
        one = stack.pop()
        if one not in found:
            found.add(one)
            stack.extend(users.get(one, ()))
    return found


def _invert(uses: Mapping[str, Iterable[str]]) -> Mapping[str, list[str]]:
    users: dict[str, list[str]] = {}
    for name, used in uses.items():
        for one in used:
            users.setdefault(one, []).append(name)
    return users
