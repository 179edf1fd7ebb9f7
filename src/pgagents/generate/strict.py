"""Choose which of a surface's functions are strict, within the vendor's limits for strict schemas.

A strict schema names every member of every object. A function keeps its ordinary schema if its arguments
cannot be expressed that way, or if it exceeds a limit. The choice depends on the catalogue alone, and each
such function is listed as a loss.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pgagents.generate.formerly import list_offered
from pgagents.generate.functions import Function, function
from pgagents.generate.lower.dialect import Dialect
from pgagents.generate.target import Loss
from pgagents.model.action import Action
from pgagents.model.model import Model
from pgagents.model.surface import Surface
from pgagents.source.origin import Node, Text


@dataclass(frozen=True, slots=True)
class Budget:
    """A vendor's limits for one strict schema and for all strict schemas of a request. None means no known
    limit.
    """

    depth: int | None = None
    """Nesting of objects and arrays."""
    properties: int | None = None
    characters: int | None = None
    """Characters of member names and enum texts in one schema."""
    enum_values: int | None = None
    tools: int | None = None
    optional: int | None = None
    unions: int | None = None


@dataclass(frozen=True, slots=True)
class Tool:
    """A function. `strict` says if the vendor must enforce its schema."""

    name: Text
    description: Text
    parameters: Node
    strict: bool


@dataclass(slots=True)
class _Size:
    """The part of a budget that one or several schemas use."""

    depth: int = 0
    properties: int = 0
    characters: int = 0
    enum_values: int = 0
    tools: int = 0
    optional: int = 0
    unions: int = 0


_OF_ONE = ("depth", "properties", "characters", "enum_values")
_OF_ALL = ("tools", "optional", "unions")
_SAID = {
    "depth": "levels", "properties": "members in one schema",
    "characters": ("characters of names and choices in one schema"),
    "enum_values": "choices in one schema", "tools": "strict tools",
    "optional": ("optional arguments in all strict tools"),
    "unions": "arguments of several types in all strict tools",
}  # fmt: skip


def strict_tools(
    model: Model, surface: Surface, strict: Dialect, plain: Dialect, budget: Budget
) -> tuple[tuple[Tool, ...], tuple[Loss, ...]]:
    """Return the surface's actions in order, each strict or not, and all losses.

    If the budget does not suffice for all, it goes first to actions that cost money, then to writes. Then the
    surface's order counts, and former names come last. If an action does not fit, a smaller later one may use
    the room.
    """
    losses: dict[Loss, None] = {}
    held: dict[str, Function] = {}
    spent = _Size()
    every = list_offered(surface)
    for action in sorted(every, key=lambda a: (a.alias_of is not None, not a.costs, a.effect != "write")):
        found, lost = function(model, surface, action, strict, answers=False)
        why = _find_obstacle(found, lost, spent, budget)
        if why is None:
            held[action.name] = found
            losses.update(dict.fromkeys(lost))
        else:
            losses[Loss(_place(action), "strict", "dropped", why)] = None
    made = []
    for action in every:
        if action.name in held:
            found = held[action.name]
        else:
            found, lost = function(model, surface, action, plain, answers=False)
            losses.update(dict.fromkeys(lost))
        made.append(Tool(found.name, found.description, found.parameters, action.name in held))
    return tuple(made), tuple(losses)


def _place(action: Action) -> tuple[str | int, ...]:
    return (*action.origin, "input")


def _find_obstacle(found: Function, lost: list[Loss], spent: _Size, budget: Budget) -> str | None:
    """Return why the function cannot be strict, or None after adding its size to `spent`."""
    if narrowed := next((loss for loss in lost if loss.went == "narrowed"), None):
        return f"{'.'.join(map(str, narrowed.origin[2:])) or narrowed.constraint}: {narrowed.detail}"
    size = _measure(found.parameters)
    for what in _OF_ONE:
        most = getattr(budget, what)
        if most is not None and getattr(size, what) > most:
            return f"more than {most:,} {_SAID[what]}"
    for what in _OF_ALL:
        most = getattr(budget, what)
        if most is not None and getattr(spent, what) + getattr(size, what) > most:
            return f"more than {most:,} {_SAID[what]}"
    for what in _OF_ALL:
        setattr(spent, what, getattr(spent, what) + getattr(size, what))
    return None


def _measure(schema: Mapping[str, Any]) -> _Size:
    size = _Size(tools=1)
    for part, depth in _parts(schema, 1):
        size.depth = max(size.depth, depth)
        members = part.get("properties", {})
        size.properties += len(members)
        size.optional += len(set(members) - set(part.get("required", ())))
        choices = part.get("enum", ())
        size.enum_values += len(choices)
        size.characters += sum(map(len, members)) + sum(len(c) for c in choices if isinstance(c, str))
        size.unions += "anyOf" in part or isinstance(part.get("type"), list)
    return size


def _parts(schema: Mapping[str, Any], depth: int) -> Iterator[tuple[Mapping[str, Any], int]]:
    """Yield the schema and all schemas inside it, each with its nesting depth of objects and arrays."""
    yield schema, depth
    inside = [*schema.get("properties", {}).values(), *([schema["items"]] if "items" in schema else [])]
    for part in inside:
        yield from _parts(part, depth + 1 if "properties" in part or "items" in part else depth)
    for part in schema.get("anyOf", ()):
        yield from _parts(part, depth)
