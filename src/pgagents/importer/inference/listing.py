"""Describe the list in an action's answer: its path, its items, and the other members."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pgagents.importer.operations.imported import ImportedAction
from pgagents.jsonschema.parts import Schema, follow, is_type

MOST_STEPS, DEEPEST = 2, 4
"""The steps of a path to a list or to any member, and to a cursor."""
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Listing:
    """An action's answer that has one list: the list's path, its items, other members by path, and
    arguments.
    """

    items: str
    item: Schema
    members: Mapping[str, Schema]
    arguments: Mapping[str, Schema]
    links: bool
    """True if the document gives the answer a Link header."""
    deeper: Mapping[str, Schema] = field(default_factory=dict)
    """The members of objects below those, without lists."""


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
    deeper = {p: s for p, s in _members(whole, named, "response", DEEPEST) if p.count(".") > MOST_STEPS}
    return Listing(
        lists[0],
        item,
        members,
        optional,
        links,
        {p: s for p, s in deeper.items() if not is_type(s, ("array",))},
    )


def _members(
    whole: Schema, named: Mapping[str, Any], path: str, most: int = MOST_STEPS
) -> Iterator[tuple[str, Schema]]:
    """Yield the members of an answer and of the objects in it, with their paths as expressions of at most so
    many steps.
    """
    for name, raw in whole.get("properties", {}).items():
        if not _PLAIN.fullmatch(name):
            continue
        schema = follow(raw, named)
        yield f"{path}.{name}", schema
        if path.count(".") < most - 1 and "properties" in schema:
            yield from _members(schema, named, f"{path}.{name}", most)


def find_success(one: ImportedAction, named: Mapping[str, Any]) -> Schema:
    """Return the schema of an action's first successful answer; empty if it has none."""
    answer = next((o for status, o in one.action["output"].items() if 200 <= status < 300), None)
    return follow(answer or {}, named)
