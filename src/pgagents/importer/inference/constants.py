"""Find constant headers: every operation requires them with the same single value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pgagents.importer.operations.imported import ImportedAction
from pgagents.importer.reading.note import Notes


def take_constant_headers(every: Sequence[ImportedAction], notes: Notes) -> dict[str, str]:
    """Remove arguments that are the same constant header in every action; return these headers."""
    each = [_list_constants(made) for made in every]
    if len(each) < 2:
        return {}
    common = set.intersection(*(set(found.items()) for found in each))
    for made in every:
        for name, _ in common:
            argument = made.wires.pop((name, "header"))
            made.action["input"].pop(argument)
            for example in made.action.get("examples", {}).values():
                example.get("input", {}).pop(argument, None)
            if not made.action["input"]:
                del made.action["input"]
    for name, _ in sorted(common):
        notes.infer(("api", "request_headers", name), "as every operation requires this one value")
    return dict(sorted(common))


def _list_constants(made: ImportedAction) -> dict[str, str]:
    """Return the required headers of an action that have only one possible value."""
    found: dict[str, str] = {}
    for (wire, place), argument in made.wires.items():
        schema = made.action.get("input", {}).get(argument, {}) if place == "header" else {}
        value = _only_value(schema)
        if isinstance(value, str) and value and schema.get("required"):
            found[wire] = value
    return found


def _only_value(schema: dict[str, Any]) -> Any:
    """Return the only value that a schema allows, or None."""
    values = [schema["const"]] if "const" in schema else schema.get("enum") or []
    return values[0] if len(values) == 1 else None
