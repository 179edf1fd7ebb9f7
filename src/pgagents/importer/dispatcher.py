"""Recognise dispatchers: operations whose arguments are the name and the arguments of another action."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pgagents.importer.operations.imported import ImportedAction
from pgagents.importer.reading.media import JSON
from pgagents.importer.reading.names import cut, is_name, unique
from pgagents.importer.reading.note import Notes


def dispatchers(made: Sequence[ImportedAction], notes: Notes) -> tuple[list[ImportedAction], dict[str, Any]]:
    """Return the real actions, and a surface for each dispatcher among them."""
    names = {one.name for one in made}
    found: dict[str, Any] = {}
    proper: list[ImportedAction] = []
    refusing: set[str] = set()
    for one in made:
        surface = _surface(one, names - {one.name})
        if surface is None:
            proper.append(one)
            continue
        name = unique("dispatcher", found)
        found[name] = surface
        if one.action.get("unknown") == "refused":
            refusing |= set(surface["actions"])
        notes.decide(
            ("surfaces", name),
            f"{one.operation.label} takes an action's name and its arguments, so it is a surface here",
            one.operation.whole.place,
        )
    for one in proper:
        if one.name in refusing:
            one.action["unknown"] = "refused"
    return proper, found


def _surface(one: ImportedAction, names: set[str]) -> dict[str, Any] | None:
    arguments = one.action.get("input", {})
    if (
        one.operation.method != "POST"
        or len(arguments) != 2
        or any(p.get("in", "body") != "body" for p in arguments.values())
    ):
        return None
    selector = next((n for n, p in arguments.items() if p.get("required") is True and _names(p, names)), None)
    inner = next((n for n in arguments if n != selector), None)
    if selector is None or inner is None or arguments[inner].get("type") != "object":
        return None
    said = {
        int(a.status): cut(a.description)
        for a in one.operation.answers
        if a.status.isdecimal() and a.description and a.media == JSON
    }
    made = {
        "title": one.action["title"],
        "description": one.action["description"],
        "http": one.action["http"],
        "selector": selector,
        "arguments": inner,
        "actions": list(arguments[selector]["enum"]),
        "responses": said,
    }
    if is_name(one.operation.id):
        made["operation_id"] = one.operation.id
    return made


def _names(param: dict[str, Any], names: set[str]) -> bool:
    """True if an argument's values are restricted to names of actions."""
    values = param.get("enum")
    return (
        isinstance(values, list)
        and len(values) > 1
        and all(isinstance(v, str) and v in names for v in values)
    )
