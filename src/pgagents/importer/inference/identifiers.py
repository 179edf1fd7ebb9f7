"""Find the id of an instance in an answer: the object that holds it, and its member."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pgagents.importer.inference.listing import find_success
from pgagents.importer.operations.imported import ImportedAction
from pgagents.jsonschema.parts import Schema, follow, is_type

_ID = re.compile(r"(?:.*[_-])?id|.*Id", re.A)
ID_TYPES = (("string",), ("integer", "number"))
"""Types of ids that are treated as equal: some generators call each number in a path a `number`."""
Found = tuple[str, str, Schema]


def find_object(one: ImportedAction, argument: str, kind: str, named: Mapping[str, Any]) -> Found | None:
    """Return the place of an instance in an answer (`response.item`), its id's member, and its schema.

    None if the answer has no instance. `argument` names the id in the path. `kind` is the noun of the
    instances: `session` for `/sessions`.
    """
    whole = find_success(one, named)
    places = [("response", whole)]
    members = _members(whole, named)
    inner = [(f"response.{n}", s) for n, s in members.items() if "properties" in s]
    param = one.action.get("input", {}).get(argument, {})
    for at, schema in [*places, *(inner if len(inner) == 1 else [])]:
        if member := _id_member(schema, argument, kind, param, named):
            return at, member, schema
    return None


def find_open_object(one: ImportedAction, argument: str, kind: str, named: Mapping[str, Any]) -> Found | None:
    """Guess the same for an answer whose only open object may have undescribed members.

    None if the answer has no open object, or several.
    """
    whole = find_success(one, named)
    inner = [(f"response.{n}", s) for n, s in _members(whole, named).items() if is_open(s)]
    places = [("response", whole)] if is_open(whole) else inner
    names_id = _ID.fullmatch(argument) or argument == kind
    return (places[0][0], "id" if names_id else argument, places[0][1]) if len(places) == 1 else None


def is_open(schema: Schema) -> bool:
    """True for an object that names no members, or that explicitly allows others."""
    others = schema.get("additionalProperties", not schema.get("properties"))
    return is_type(schema, ("object",)) and others is not False


def may_hold(schema: Schema, member: str) -> bool:
    """True if an object has a member, or may have it because it is open."""
    return member in schema.get("properties", {}) or is_open(schema)


def _members(whole: Schema, named: Mapping[str, Any]) -> dict[str, Schema]:
    return {n: follow(s, named) for n, s in whole.get("properties", {}).items() if n.isidentifier()}


def _id_member(schema: Schema, argument: str, kind: str, param: Schema, named: Mapping[str, Any]) -> str:
    """Return the member that holds the id which an argument names; empty if none is certain."""
    members = {n: follow(s, named) for n, s in schema.get("properties", {}).items()}
    wished = [argument, *(["id"] if _ID.fullmatch(argument) or argument == kind else [])]
    for name in wished:
        member = members.get(name, {})
        both = (kinds for kinds in ID_TYPES if is_type(member, kinds) and is_type(param, kinds))
        if next(both, None) is not None:
            return name
    return ""
