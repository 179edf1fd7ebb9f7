"""See schemas from one side: callers send no `readOnly` members, and readers get no `writeOnly` ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pgagents.diff.named import Named, make_named
from pgagents.diff.shapes.difference import Who
from pgagents.jsonschema.schema import REF
from pgagents.source.origin import Node

Schemas = Mapping[str, Any]
_MARKS: dict[Who, str] = {"callers": "readOnly", "readers": "writeOnly"}
_OF_THE_VALUE = ("allOf", "anyOf", "oneOf", "then", "else")
"""Keywords whose schemas are about the same value, without `not` and `if`, in which less would be more."""
_OF_PARTS = ("items", "prefixItems", "additionalProperties", "unevaluatedProperties")
_BY_NAME = ("properties", "patternProperties")


def turn_schemas(schemas: Schemas, who: Who) -> Named:
    """Return the named schemas as one side sees them."""
    named = make_named(schemas)
    if who not in named.turned:
        made = {name: turn_schema(schema, named, who) for name, schema in named.items()}
        same = all(made[name] is schema for name, schema in named.items())
        named.turned[who] = named if same else Named(made)
    return named.turned[who]


def turn_schema(schema: Any, known: Schemas, who: Who) -> Any:
    """Return the schema as one side sees it: members that only the other side has are not required."""
    return _turn(schema, known, _MARKS[who], frozenset())


def _turn(schema: Any, known: Schemas, mark: str, unseen: frozenset[str]) -> Any:
    if isinstance(schema, list):
        parts = [_turn(part, known, mark, unseen) for part in schema]
        return schema if all(a is b for a, b in zip(parts, schema, strict=True)) else parts
    if not isinstance(schema, Mapping):
        return schema
    unseen |= _list_marked(schema, known, mark)
    changed: dict[str, Any] = {}
    for key, value in schema.items():
        if key == "required" and isinstance(value, list):
            kept = [name for name in value if name not in unseen]
            changed[key] = value if len(kept) == len(value) else kept
        elif key in _OF_THE_VALUE:
            changed[key] = _turn(value, known, mark, unseen)
        elif key in _OF_PARTS:
            changed[key] = _turn(value, known, mark, frozenset())
        elif key in _BY_NAME and isinstance(value, Mapping):
            members = {name: _turn(member, known, mark, frozenset()) for name, member in value.items()}
            changed[key] = value if all(members[name] is value[name] for name in value) else members
    if all(value is schema[key] for key, value in changed.items()):
        return schema
    made = {key: value for key, value in {**schema, **changed}.items() if key != "required" or value}
    return Node(made, origin=schema.origin) if isinstance(schema, Node) else made


def _list_marked(schema: Any, known: Schemas, mark: str) -> frozenset[str]:
    """Return the members with a mark, also of the schemas that a schema refers to or consists of."""
    found: set[str] = set()
    stack, seen = [schema], set[str]()
    while stack:
        one = stack.pop()
        if not isinstance(one, Mapping):
            continue
        for name, member in (one.get("properties") or {}).items():
            if _is_marked(member, known, mark):
                found.add(name)
        stack.extend(one.get("allOf") or ())
        ref = one.get("$ref")
        if isinstance(ref, str) and ref not in seen:
            seen.add(ref)
            stack.append(known.get(ref[len(REF) :]))
    return frozenset(found)


def _is_marked(member: Any, known: Schemas, mark: str) -> bool:
    """Return whether a member has a mark, of its own or by the schemas that it refers to."""
    seen: set[str] = set()
    while isinstance(member, Mapping):
        if member.get(mark) is True:
            return True
        ref = member.get("$ref")
        if not isinstance(ref, str) or ref in seen:
            return False
        seen.add(ref)
        member = known.get(ref[len(REF) :])
    return False
