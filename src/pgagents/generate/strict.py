"""Which of a surface's functions a vendor may hold a model to strictly, within what the vendor bears of it.

A strict schema names every member of every object. A function whose arguments cannot be said so, or that is past a
budget, keeps its ordinary schema; which ones those are follows from the catalogue alone and is listed as a loss.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pgagents.generate.formerly import offered
from pgagents.generate.functions import Function, function
from pgagents.generate.lower.dialect import Dialect
from pgagents.generate.target import Loss
from pgagents.model.action import Action
from pgagents.model.model import Model, Surface
from pgagents.source.origin import Node, Text


@dataclass(frozen=True, slots=True)
class Budget:
    """What a vendor bears: of one schema, and of all strict ones of a request together. None: no limit is known."""

    depth: int | None = None
    """Objects and arrays inside each other."""
    properties: int | None = None
    characters: int | None = None
    """Names of members and texts of enums in one schema."""
    enum_values: int | None = None
    tools: int | None = None
    optional: int | None = None
    unions: int | None = None


@dataclass(frozen=True, slots=True)
class Tool:
    """A function, and whether the vendor shall hold the model to its schema."""

    name: Text
    description: Text
    parameters: Node
    strict: bool


@dataclass(slots=True)
class _Size:
    """What a schema, or several, take of a budget."""

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
    "depth": "levels", "properties": "members in one schema", "characters": "characters of names and choices in one schema",
    "enum_values": "choices in one schema", "tools": "strict tools", "optional": "optional arguments in all strict tools",
    "unions": "arguments of several types in all strict tools",
}  # fmt: skip


def strict_tools(
    model: Model, surface: Surface, strict: Dialect, plain: Dialect, budget: Budget
) -> tuple[tuple[Tool, ...], tuple[Loss, ...]]:
    """The surface's actions in its order, and everything that did not fit.

    Where a budget of all tools together does not suffice, those that cost come first, then those that write, then the
    surface's order, and old names last; one that is past the budget leaves room for a smaller one behind it.
    """
    losses: dict[Loss, None] = {}
    held: dict[str, Function] = {}
    spent = _Size()
    every = offered(surface)
    for action in sorted(every, key=lambda a: (a.alias_of is not None, not a.costs, a.effect != "write")):
        found, lost = function(model, surface, action, strict, answers=False)
        why = _refused(found, lost, spent, budget)
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


def _refused(found: Function, lost: list[Loss], spent: _Size, budget: Budget) -> str | None:
    """Why the function cannot be strict; where it can, its size is added to what is spent."""
    if narrowed := next((loss for loss in lost if loss.went == "narrowed"), None):
        return f"{'.'.join(map(str, narrowed.origin[2:])) or narrowed.constraint}: {narrowed.detail}"
    size = _measured(found.parameters)
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


def _measured(schema: Mapping[str, Any]) -> _Size:
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
    """The schema and all inside it, with how many objects and arrays each stands in."""
    yield schema, depth
    inside = [*schema.get("properties", {}).values(), *([schema["items"]] if "items" in schema else [])]
    for part in inside:
        yield from _parts(part, depth + 1 if "properties" in part or "items" in part else depth)
    for part in schema.get("anyOf", ()):
        yield from _parts(part, depth)
