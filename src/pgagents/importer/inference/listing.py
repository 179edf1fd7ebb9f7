"""Describe the list in an action's answer: its path, its items, and what stands beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pgagents.importer.operations.imported import ImportedAction

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_DEEPEST = 6
Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Listing:
    """An action's answer with one list: the list's path, its items, other members by path, and arguments."""

    items: str
    item: Schema
    members: Mapping[str, Schema]
    arguments: Mapping[str, Schema]
    links: bool
    """True if the answer is documented to have a Link header."""


def describe_listing(one: ImportedAction, named: Mapping[str, Any]) -> Listing | None:
    """Return the one list of the first successful answer; None if it has none, or several."""
    whole = find_success(one, named)
    optional = {
        name: follow(param, named)
        for name, param in one.action.get("input", {}).items()
        if not param.get("required") and param.get("in", "query") == "query"
    }
    headers = [
        h for a in one.operation.answers if a.status[:1] == "2" for h in a.whole.at("headers").members()
    ]
    links = "link" in (str(h).lower() for h in headers)
    if whole.get("type") == "array":
        return Listing("response", follow(whole.get("items", {}), named), {}, optional, links)
    members = dict(_members(whole, named, "response"))
    lists = [path for path, schema in members.items() if is_type(schema, ("array",))]
    if len(lists) != 1:
        return None
    item = follow(members.pop(lists[0]).get("items", {}), named)
    return Listing(lists[0], item, members, optional, links)


def _members(whole: Schema, named: Mapping[str, Any], path: str) -> Iterator[tuple[str, Schema]]:
    """Yield the members of an answer and of the objects in it, with their paths as expressions."""
    for name, raw in whole.get("properties", {}).items():
        if not _PLAIN.fullmatch(name):
            continue
        schema = follow(raw, named)
        yield f"{path}.{name}", schema
        if path == "response" and "properties" in schema:
            yield from _members(schema, named, f"{path}.{name}")


def find_success(one: ImportedAction, named: Mapping[str, Any]) -> Schema:
    """Return the schema of an action's first successful answer; empty if it has none."""
    answer = next((o for status, o in one.action["output"].items() if 200 <= status < 300), None)
    return follow(answer or {}, named)


def is_type(schema: Schema, kinds: tuple[str, ...]) -> bool:
    """True if a schema allows a value of one of these types."""
    written = schema.get("type", ())
    return bool({*kinds} & {*([written] if isinstance(written, str) else written)})


def follow(schema: Schema, named: Mapping[str, Any], depth: int = 0) -> Schema:
    """Return the named schema that a reference leads to, with the properties of all its parts."""
    for _ in range(20):
        ref = schema.get("$ref")
        if not isinstance(ref, str) or not isinstance(named.get(ref), Mapping):
            break
        schema = named[ref]
    parts = schema.get("allOf") if depth < _DEEPEST else None
    if not isinstance(parts, list):
        return schema
    found: dict[str, Any] = {}
    for part in parts:
        found |= follow(part, named, depth + 1).get("properties", {}) if isinstance(part, Mapping) else {}
    return {**schema, "properties": {**found, **schema.get("properties", {})}} if found else schema
