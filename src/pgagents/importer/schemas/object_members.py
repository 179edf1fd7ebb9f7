"""Collect the members of an object through references, `allOf` and alternatives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from pgagents.importer.reading.note import Notes
from pgagents.importer.reading.references import Found
from pgagents.importer.schemas.combination import is_same, join_all, join_any, write_in
from pgagents.importer.schemas.schemas import Schemas
from pgagents.source.source import Pointer
from pgagents.text.brief import brief

MAX_PARTS = 200
MIN_GROUPS = 2
_OF_GROUPS = frozenset(("required", "properties", "type", "title", "description"))
_LEFT = (
    "not",
    "if",
    "patternProperties",
    "propertyNames",
    "minProperties",
    "maxProperties",
    "dependentRequired",
    "dependentSchemas",
    "dependencies",
)


@dataclass(frozen=True, slots=True)
class Shape:
    """The members of an object by name, and the names of those that it must have."""

    members: dict[str, Found]
    required: frozenset[str] = frozenset()
    partial: frozenset[str] = frozenset()
    """Members that some alternatives do not name."""
    read_only: frozenset[str] = frozenset()
    closed: bool = False
    """True if no other members are allowed."""
    empty: bool = False
    """True for an object that needs no members to be one."""
    exact: bool = True
    """False if members that are each right can make an object that the document forbids."""
    choices: tuple[Found, ...] = ()
    """The objects of which it is one, if the schema around them adds nothing to them."""


def find_shape(schemas: Schemas, written: Found, notes: Notes, at: Pointer) -> Shape:
    """Return the members of an object's schema; none for any other schema."""
    return _Walk(schemas, notes, at).read(written, ())


def is_null(schemas: Schemas, written: Found) -> bool:
    """True for a schema that allows null alone."""
    raw = schemas.references.follow(written).mapping()
    return raw.get("type") in ("null", ["null"]) or raw.get("enum") == [None] or raw.get("const", 0) is None


def find_groups(schemas: Schemas, written: Found) -> list[list[str]]:
    """Return the groups of members of which an object has exactly one; empty if its schema has no groups.

    The groups are the branches of a `oneOf` in which each branch only lists required members.
    """
    found = schemas.references.follow(written)
    branches = [schemas.references.follow(branch).mapping() for branch in found.at("oneOf").items()]
    groups = [branch.get("required") for branch in branches]
    if len(groups) < MIN_GROUPS or not all(map(_is_group, branches)):
        return []
    names = [name for group in groups if isinstance(group, list) for name in group]
    always = found.mapping().get("required") or ()
    once = len(set(names)) == len(names) and not set(names) & set(map(str, always))
    return [list(group) for group in groups if isinstance(group, list)] if once else []


def _is_group(branch: dict[str, Any]) -> bool:
    """True if an alternative only requires members. It may describe them too."""
    required, own = branch.get("required"), branch.get("properties") or {}
    if not isinstance(required, list) or not required or not all(isinstance(n, str) for n in required):
        return False
    return isinstance(own, dict) and set(own) <= set(required) and branch.keys() <= _OF_GROUPS


class _Walk:
    """Read the members of one schema, with notes on what is lost."""

    def __init__(self, schemas: Schemas, notes: Notes, at: Pointer) -> None:
        self.schemas, self.notes, self.at = schemas, notes, at
        self.parts = 0

    def read(self, written: Found, inside: tuple[str, ...]) -> Shape:
        found = self.schemas.references.follow(written)
        self.parts += 1
        if not isinstance(found.value, dict) or found.place in inside or self.parts > MAX_PARTS:
            return Shape({})
        inside = (*inside, found.place)
        shape = self._own(found)
        shape = _join_all([shape, *(self.read(branch, inside) for branch in found.at("allOf").items())])
        for key in ("oneOf", "anyOf"):
            if found.at(key).items():
                shape = self._alternatives(shape, found, key, inside)
        return replace(shape, required=shape.required - (shape.read_only - shape.members.keys()))

    def _own(self, found: Found) -> Shape:
        """Return the members that a schema names itself."""
        raw, properties = found.mapping(), found.at("properties")
        named = {name: properties.at(name) for name in properties.mapping()}
        hidden = {name for name, schema in named.items() if self._is_read_only(schema)}
        for name in [name for name in named if name in hidden]:
            self.notes.add_lost(
                self.at, f"`{brief(name)}` is read-only, so no call sends it", named.pop(name).place
            )
        for key in _LEFT:
            if key in raw:
                self.notes.add_lost(self.at, f"the body's `{key}` is not carried", found.place)
        rest, required = raw.get("additionalProperties"), raw.get("required")
        if isinstance(rest, dict) or rest is True:
            self.notes.add_lost(
                self.at, "the body may have further members; calls send the named ones", found.place
            )
        return Shape(
            named,
            frozenset(r for r in required if isinstance(r, str))
            if isinstance(required, list)
            else frozenset(),
            read_only=frozenset(hidden),
            closed=rest is False,
            empty=raw.get("type") == "object" and rest is False,
        )

    def _alternatives(self, outer: Shape, found: Found, key: str, inside: tuple[str, ...]) -> Shape:
        """Return a shape with the members of its alternatives, of which a body is one.

        A call sends named members, so alternatives that are no objects do not count.
        """
        branches = found.at(key).items()
        objects = [branch for branch in branches if self._may_be_object(branch)]
        nulls = [branch for branch in branches if is_null(self.schemas, branch)]
        shapes = [self.read(branch, inside) for branch in objects]
        if not shapes:
            return outer
        made = _join_any(shapes)
        joined = _join_all([outer, made])
        grouped = key == "oneOf" and len(inside) == 1 and self._is_grouped(found, joined)
        if len(objects) > 1 and not grouped:
            common = "required where every one requires it" if made.required else "none required"
            self._lose(found, key, f"here it is their members, {common}")
        elif len(objects) + len(nulls) < len(branches):
            self._lose(found, key, "calls send the one that is an object")
        fits = grouped or any(_covers(shape, made, outer, joined) for shape in shapes)
        new = made.members.keys() - outer.members.keys()
        closed = (outer.closed and not new) or (made.closed and outer.members.keys() <= made.members.keys())
        choices: tuple[Found, ...] = ()
        if not outer.members and not outer.required:
            choices = self._list_choices(objects, shapes)
        return replace(joined, closed=closed, exact=outer.exact and fits, choices=choices)

    def _list_choices(self, branches: Sequence[Found], shapes: Sequence[Shape]) -> tuple[Found, ...]:
        """Return the objects of alternatives; those of an alternative with alternatives are its own.

        Nothing is returned if an alternative cannot be written as objects without alternatives.
        """
        found: list[Found] = []
        for branch, shape in zip(branches, shapes, strict=True):
            plain = self.schemas.references.follow(branch)
            if shape.choices:
                found += shape.choices
            elif not shape.exact or not isinstance(plain.value, dict):
                return ()
            else:
                parts = {"allOf", "oneOf", "anyOf"} & plain.value.keys()
                found.append(_write_object(shape, branch) if parts else branch)
        return tuple(found)

    def _is_grouped(self, found: Found, joined: Shape) -> bool:
        """True if a call gives one of several groups of known members, none of which has a default."""
        names = [name for group in find_groups(self.schemas, found) for name in group]
        known = [self.schemas.references.follow(joined.members[n]) for n in names if n in joined.members]
        return bool(names) and len(known) == len(names) and not any("default" in k.mapping() for k in known)

    def _is_read_only(self, schema: Found) -> bool:
        marked = schema.mapping(), self.schemas.references.follow(schema).mapping()
        return any(one.get("readOnly") is True for one in marked)

    def _lose(self, found: Found, key: str, what: str) -> None:
        count = len(found.at(key).items())
        self.notes.add_lost(self.at, f"the body is `{key}` {count} schemas; {what}", found.place)

    def _may_be_object(self, branch: Found) -> bool:
        """True unless a schema says that its values are no objects."""
        value = self.schemas.references.follow(branch).value
        if not isinstance(value, dict):
            return value is not False
        kinds, listed = value.get("type"), [value["const"]] if "const" in value else value.get("enum")
        if isinstance(listed, list) and listed:
            return any(isinstance(one, dict) for one in listed)
        return "object" in kinds if isinstance(kinds, list) else kinds in (None, "object")


def _write_object(shape: Shape, beside: Found) -> Found:
    """Return the schema of an object with these members."""
    made = {
        "type": "object",
        "properties": {name: write_in(schema, beside) for name, schema in shape.members.items()},
        **({"required": sorted(shape.required)} if shape.required else {}),
        **({"additionalProperties": False} if shape.closed else {}),
    }
    return Found(made, beside.document, beside.pointer)


def _covers(shape: Shape, made: Shape, outer: Shape, joined: Shape) -> bool:
    """True if one alternative allows every object whose members are each right.

    `made` is the shape of all alternatives, `outer` that of the schema around them, `joined` that of both.
    """
    same = all(
        is_same(schema, made.members[name]) and not (name in made.partial and name in outer.members)
        for name, schema in shape.members.items()
    )
    takes_all = not shape.closed or joined.members.keys() <= shape.members.keys()
    needed = shape.required - (joined.read_only - joined.members.keys())
    return shape.exact and same and takes_all and needed <= joined.required


def _join_all(shapes: Sequence[Shape]) -> Shape:
    """Return the shape of an object that has each of these shapes."""
    if len(shapes) == 1:
        return shapes[0]
    members: dict[str, Found] = {}
    partial: set[str] = set()
    exact = all(shape.exact for shape in shapes)
    for name in dict.fromkeys(name for shape in shapes for name in shape.members):
        named = [shape for shape in shapes if name in shape.members]
        if always := [shape.members[name] for shape in named if name not in shape.partial]:
            members[name] = join_all(always)
            exact = exact and len(always) == len(named)
        else:
            members[name] = join_any([shape.members[name] for shape in named])
            partial.add(name)
    return Shape(
        members,
        frozenset().union(*(shape.required for shape in shapes)),
        frozenset(partial),
        frozenset().union(*(shape.read_only for shape in shapes)),
        any(shape.closed for shape in shapes),
        any(shape.empty for shape in shapes),
        exact,
        _keep_choices(shapes),
    )


def _keep_choices(shapes: Sequence[Shape]) -> tuple[Found, ...]:
    """Return the choices of one shape, if the others add nothing to it."""
    full = [shape for shape in shapes if shape.members or shape.required]
    return full[0].choices if len(full) == 1 else ()


def _join_any(shapes: Sequence[Shape]) -> Shape:
    """Return the shape of an object that has at least one of these shapes."""
    if len(shapes) == 1:
        return shapes[0]
    names = dict.fromkeys(name for shape in shapes for name in shape.members)
    members = {
        name: join_any([shape.members[name] for shape in shapes if name in shape.members]) for name in names
    }
    every = frozenset(names).intersection(*(shape.members.keys() - shape.partial for shape in shapes))
    return Shape(
        members,
        shapes[0].required.intersection(*(shape.required for shape in shapes[1:])),
        frozenset(names) - every,
        frozenset().union(*(shape.read_only for shape in shapes)),
        all(shape.closed for shape in shapes),
        any(shape.empty for shape in shapes),
    )
