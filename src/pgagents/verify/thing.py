"""One live resource, and what an answer tells of one."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pgagents.action import Call as Recipe
from pgagents.expression import Expression, ExpressionError, Scope
from pgagents.model import Id, Resource, member_at
from pgagents.verify.call import Call
from pgagents.verify.door import REST, Door
from pgagents.verify.memory import Setting
from pgagents.verify.seen import Seen

MISSING = (404, 410)


class Unavailable(Exception):
    """A resource that a call needs could not be had; the message says why."""


@dataclass(slots=True)
class Thing:
    """One live resource of ours: its last known body, owner's role, state, whether a probe has it for itself."""

    resource: Resource
    id: Id
    body: Mapping[str, Any]
    role: str
    made: bool
    state: str | None
    taken: bool = False
    standard: bool = False
    """Made just as the resource says."""
    touched: bool = False
    """A later write answered with it."""
    tries: int = 0
    """How often it could not be undone."""
    spoilt: bool = False
    """A promise about it was broken, so no other call may build on it."""
    gone: bool = False
    used: bool = False
    """Whether a call has had it."""
    turns: int = 0
    """How many calls have had it for themselves."""
    worn: bool = False
    """A call that wanted one for itself was refused with it, so the next such call gets another; of a found one: it had no room."""
    ends_at: float = math.inf
    """When it ends by itself, in epoch seconds."""
    ours: bool = False
    """True where it is shown that this run made it, so that it may be changed and removed."""
    maker: Seen | None = None
    """The exchange that made it."""
    made_with: frozenset[str] = frozenset()
    """Arguments of its create by which a server could have known an older one."""
    place: str = ""
    """The ids of what it lives in: its own is unique in there only."""
    parent: Thing | None = None
    """The instance that it lives in."""
    read_back: bool = False
    """True where it was read since it was made."""
    doubtful: bool = False
    """True from when a removal is sent until a read shows it again: ids are reused."""
    past: list[Call] = field(default_factory=list)
    """The calls since it was made that told of it or changed it, the last few."""


def at_path(recipe: Recipe | None, seen: Seen) -> Any:
    """The resource, or the list of resources, in the answer to a call of the catalogue; None where there is none.

    Where the members stand deeper (`body_at`), each item has them beside its own.
    """
    if recipe is None or recipe.at is None:
        return None
    try:
        found = Scope({"response": seen.body, "input": seen.input}).evaluate(recipe.at)
    except ExpressionError:
        return None
    if not recipe.body_at:
        return found
    return [unwrapped(item, recipe.body_at) for item in found] if isinstance(found, list) else unwrapped(found, recipe.body_at)


def unwrapped(item: Any, path: str) -> Any:
    """An item with the members at a path of it beside its own."""
    inner = member_at(item, path)
    return {**item, **inner} if isinstance(item, Mapping) and isinstance(inner, Mapping) else item


def member_named(body: Any, name: str) -> int | None:
    """The first whole number of that name, wherever it stands."""
    if not isinstance(body, Mapping):
        return None
    value = body.get(name)
    if isinstance(value, int | float) and not isinstance(value, bool) and float(value).is_integer():
        return int(value)
    return next((n for inner in body.values() if (n := member_named(inner, name)) is not None), None)


def recipe_for(resource: Resource, door: Door) -> tuple[Recipe | None, bool]:
    """How the catalogue says that the action answers this resource, and whether it makes one."""
    for recipe in (resource.made_by, resource.found_by, resource.undone_by, *resource.read_by):
        if recipe is not None and recipe.action is door.action:
            return recipe, recipe is resource.made_by
    return None, False


def names_in(values: Iterable[Any]) -> set[str]:
    found: set[str] = set()
    for value in values:
        if isinstance(value, Expression):
            found |= value.names
    return found


def evaluated(scope: Scope, expression: Expression) -> Any:
    try:
        return scope.evaluate(expression)
    except ExpressionError as error:
        raise Unavailable(f"`{expression.text}` has no value here: {error}") from None


def above(thing: Thing) -> list[Thing]:
    """What an instance lives in, the nearest first."""
    found: list[Thing] = []
    while thing.parent is not None:
        thing = thing.parent
        found.append(thing)
    return found


def read_on_rest(setting: Setting, resource: Resource) -> tuple[Recipe, Door] | None:
    """The first call that reads one of a resource and that REST offers, with its door there; None where there is none."""
    doors = ((read, setting.door(str(read.action.name), REST)) for read in resource.read_by)
    return next(((read, door) for read, door in doors if door is not None), None)


def is_missing(resource: Resource, seen: Seen) -> bool:
    """True where an answer to a read says that the instance is not there."""
    return seen.status in MISSING or (resource.missing is not None and seen.code == resource.missing.name)


def is_gone(resource: Resource, body: Mapping[str, Any]) -> bool:
    """True for the body of one that was removed and is still answered."""
    if resource.gone_when is None:
        return False
    try:
        return Scope({"resource": body, resource.name: body}).holds(resource.gone_when)
    except ExpressionError:
        return False


def will_do(where: Expression | None, resource: Resource, body: Mapping[str, Any]) -> bool:
    """Whether a thing is one of those that the catalogue takes for tests."""
    if where is None:
        return True
    try:
        return Scope({resource.name: body, "env": {}, "response": {}, "input": {}}).holds(where)
    except ExpressionError:
        return False
