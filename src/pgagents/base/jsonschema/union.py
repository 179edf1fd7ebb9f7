"""Make one object of alternatives, for formats without unions: each member says where it belongs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pgagents.base.jsonschema.combine import Flat, intersect, join
from pgagents.base.places import Node, Text, origin_of
from pgagents.base.text import append_remark

UNIONS = ("oneOf", "anyOf")
_MOST_NESTED = 5
"""Unions inside of unions that are followed, at most."""
_MOST_NAMED = 6
"""Alternatives that a member's description names, at most."""
_PLAIN = ("string", "integer", "number", "boolean")


@dataclass(frozen=True, slots=True)
class _Branch:
    """One alternative: its members, those it requires, and words for the value that tells it."""

    members: Mapping[str, Any]
    required: tuple[str, ...]
    sign: str = ""


def unite(schema: Mapping[str, Any], schemas: Mapping[str, Any], depth: int = 0) -> Node | None:
    """Return one object that has the members of all alternatives of a schema.

    It requires what all of them require, and a member that only some have says in its description with which
    value it belongs. So it accepts more than the alternatives. None if an alternative is not an object, or if
    the schema has no alternatives.
    """
    joined = join(schema, schemas).schema
    keyword = next((key for key in UNIONS if key in joined), None)
    if keyword is None or depth > _MOST_NESTED:
        return None
    origin = origin_of(schema) or ()
    written = [part for part in joined[keyword] if part.get("type") != "null"]
    parts = [_find_object(part, schemas, depth) for part in written]
    if not parts or any(part is None for part in parts):
        return None
    objects = [
        _Branch(part["properties"], tuple(part.get("required", ()))) for part in parts if part is not None
    ]
    branches = _tell_apart(objects, schemas)
    members = Node(origin=origin)
    for name in dict.fromkeys(name for branch in branches for name in branch.members):
        members[name] = _unite_member(name, branches, schemas, depth)
    always = [n for n in members if all(n in branch.required for branch in branches)]
    made = Node({"type": "object", "properties": members}, origin=origin)
    if always:
        made["required"] = always
    beside = {key: value for key, value in joined.items() if key not in (keyword, "discriminator")}
    whole, _ = intersect(Flat(made, origin), Flat(beside, origin))
    return Node(whole, origin=origin)


def _find_object(part: Mapping[str, Any], schemas: Mapping[str, Any], depth: int) -> Mapping[str, Any] | None:
    """Return an alternative as one object; None for any other value."""
    joined = join(part, schemas).schema
    if any(key in joined for key in UNIONS):
        return unite(part, schemas, depth + 1)
    return joined if joined.get("type", "object") == "object" and "properties" in joined else None


def _tell_apart(branches: Sequence[_Branch], schemas: Mapping[str, Any]) -> list[_Branch]:
    """Return the alternatives with words for their values of a member that tells all of them apart."""
    for name in branches[0].members if len(branches) > 1 else ():
        values = [_list_values(branch.members.get(name, {}), schemas) for branch in branches]
        every = [value for several in values for value in several]
        if all(values) and len(every) == len({repr(value) for value in every}):
            return [
                _Branch(b.members, b.required, f"{name} {' or '.join(map(str, several))}")
                for b, several in zip(branches, values, strict=True)
            ]
    return list(branches)


def _list_values(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> list[Any]:
    """Return the only values that a schema takes; empty if it lists none."""
    joined = join(schema, schemas).schema
    return [joined["const"]] if "const" in joined else list(joined.get("enum", ()))


def _unite_member(name: str, branches: Sequence[_Branch], schemas: Mapping[str, Any], depth: int) -> Node:
    """Return the schema of one member of all alternatives, with a remark where only some have it."""
    having = [branch for branch in branches if name in branch.members]
    united = _unite_values([branch.members[name] for branch in having], schemas, depth)
    signs = [branch.sign for branch in having]
    if len(having) == len(branches) or not all(signs):
        return united
    needed = all(name in branch.required for branch in having)
    more = f" or {len(signs) - _MOST_NAMED} more" if len(signs) > _MOST_NAMED else ""
    where = " or ".join(signs[:_MOST_NAMED]) + more
    remark = f"required with {where}, and only there" if needed else f"only with {where}"
    text = join(united, schemas).schema.get("description", "")
    described = Text(append_remark(text, remark), origin_of(text) or united.origin)
    return Node({**united, "description": described}, origin=united.origin)


def _unite_values(several: Sequence[Any], schemas: Mapping[str, Any], depth: int) -> Node:
    """Return a schema that accepts what any of several schemas of one member accepts."""
    distinct = [one for n, one in enumerate(several) if one not in several[:n]]
    first = distinct[0]
    origin = origin_of(first) or ()
    if len(distinct) == 1:
        return first if isinstance(first, Node) else Node(first, origin=origin)
    joined = [join(one, schemas).schema for one in distinct]
    text = next((one["description"] for one in joined if one.get("description")), None)
    around = {} if text is None else {"description": text}
    kinds = [one.get("type") for one in joined]
    alike = kinds[0] in _PLAIN and all(kind == kinds[0] for kind in kinds)
    values = [_list_values(one, schemas) for one in distinct]
    if alike and all(values):
        listed = [value for part in values for value in part]
        listed = [value for n, value in enumerate(listed) if value not in listed[:n]]
        return Node({"type": kinds[0], "enum": listed, **around}, origin=origin)
    if alike:
        return Node({"type": kinds[0], **around}, origin=origin)
    union = Node({"anyOf": [Node(one, origin=origin_of(one) or ()) for one in distinct]}, origin=origin)
    return unite(union, schemas, depth + 1) or Node({**union, **around}, origin=origin)
