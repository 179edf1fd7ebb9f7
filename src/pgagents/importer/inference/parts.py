"""Infer what is only a part of something else: no read shows a line of an order alone, and the order counts
its lines.

The create of a part answers it, or its whole container. The read of the container lists it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pgagents.base.jsonschema.schema import is_type
from pgagents.base.text import singular, split_words
from pgagents.importer.inference.creates import (
    InferredResource,
    find_id_member,
    find_instance,
    find_values,
    list_containers,
    make_call,
)
from pgagents.importer.inference.pages import find_success, read_answer, read_schema
from pgagents.importer.inference.paths import Paths
from pgagents.importer.names import Notes, snake
from pgagents.importer.operations import ImportedAction

_NUMBER = frozenset(("count", "counter", "num", "number", "of", "total"))
"""Words around a noun that make it a number: `comments_count`, `number_of_comments`."""


def find_part(
    paths: Paths,
    argument: str,
    kind: str,
    param: Mapping[str, Any],
    above: ImportedAction | None,
    named: Mapping[str, Any],
) -> str:
    """Return the member with the id of a part that no read shows alone; empty if no call removes it."""
    makes = paths.collection.get("POST")
    if above is None or makes is None or "DELETE" not in paths.item:
        return ""
    shown = find_success(makes, named)
    if _answers_whole(makes, above, named):
        shown = _find_list(shown, kind, named)[1]
    return find_id_member(shown, argument, kind, read_schema(param, named), named)


def _answers_whole(makes: ImportedAction, above: ImportedAction, named: Mapping[str, Any]) -> bool:
    answers = [find_success(action, named).get("properties", {}).keys() for action in (makes, above)]
    return bool(answers[0] == answers[1])


def _find_list(
    whole: Mapping[str, Any], kind: str, named: Mapping[str, Any]
) -> tuple[str, Mapping[str, Any]]:
    """Return the list of a container's parts, by its noun, with the schema of a part; empty without one."""
    members = whole.get("properties", {}).items()
    lists = [(n, read_schema(s, named)) for n, s in members if snake(singular(n)) == kind]
    items = [(name, read_answer(one["items"], named)) for name, one in lists if "items" in one]
    return items[0] if len(items) == 1 else ("", {})


def describe_part(
    one: InferredResource,
    paths: Paths,
    above: ImportedAction | None,
    named: Mapping[str, Any],
    known: Mapping[str, InferredResource],
) -> dict[str, Any]:
    """Return what the answers of a container say of a part: who lists it, and where its create shows it."""
    makes = paths.collection.get("POST")
    name, part = _find_list(find_success(above, named), one.kind, named) if above is not None else ("", {})
    if above is None or one.member not in part.get("properties", {}):
        return {}
    around = list_containers(one, above, known)
    found = {"listed_by": make_call(above, around, f"response.{name}")}
    if makes is not None and _answers_whole(makes, above, named):
        around = list_containers(one, makes, known)
        given = find_values(makes, around, named, known, one)
        if given is not None:
            found["made_by"] = make_call(makes, {**around, **given}, f"response.{name}[-1]")
    return found


def count_parts(
    paths: Mapping[str, Paths],
    known: Mapping[str, InferredResource],
    found: dict[str, Any],
    named: Mapping[str, Any],
    notes: Notes,
) -> None:
    """Record the member of a container that is named as the number of what it contains: `comment_count`.

    A book of recipes of 2026-11-28 kept the number when one was removed.
    """
    for one in known.values():
        holder, above = known.get(one.parent), paths.get(one.parent)
        if holder is None or above is None or above.read is None or "made_by" not in found[one.name]:
            continue
        shown = find_instance(above.read, holder, named)
        members = shown[1].get("properties", {}) if shown is not None else {}
        numbers = [n for n, s in members.items() if is_type(read_schema(s, named), ("integer",))]
        counts = [name for name in numbers if _names_number(name, one.kind)]
        if len(counts) == 1:
            found[one.name]["within"] = holder.name
            found[holder.name].setdefault("counts", {})[one.name] = counts[0]
            notes.infer(("resources", holder.name, "counts", one.name), f"from the name {counts[0]}")


def _names_number(name: str, kind: str) -> bool:
    words = split_words(name)
    nouns = [word for word in words if word not in _NUMBER]
    return len(nouns) < len(words) and singular("_".join(nouns)) == kind
