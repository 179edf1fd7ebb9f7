"""What a call of an action changes: the resource, and the arguments that name the one instance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

from pgagents.action import Action, Call, Param
from pgagents.expression import Expression
from pgagents.model import Model, Resource
from pgagents.verify.memory import Setting
from pgagents.verify.values import Wrong, matches

NOBODY = "7f3c9a1e5b2d8064"
"""Sixty-four random bits, drawn once: an id that holds them is nobody's."""
NOBODYS_NUMBER = int(NOBODY, 16)


@dataclass(frozen=True, slots=True)
class Target:
    """What an action changes. `named` are the arguments that hold the instance's id, `also` others that hold a member of it: a code."""

    resource: Resource
    named: tuple[Param, ...]
    also: tuple[tuple[Param, str], ...] = ()


def families(setting: Setting) -> dict[str, str]:
    """For each resource the first of those that have their ids in common: they share what makes or reads them, or one is made by what
    moves or ends the other. Worked out once."""
    return setting.kept("families", lambda: _families(setting.model))


def _families(model: Model) -> dict[str, str]:
    ways = {r.name: _ways(r) for r in model.resources.values()}
    names = {name: name for name in ways}
    for name, own in ways.items():
        for other in ways:
            if other == name:
                break
            if own & ways[other]:
                old = names[name]
                names = {n: names[other] if family == old else family for n, family in names.items()}
    return names


def _ways(resource: Resource) -> set[int]:
    calls: list[Call | None] = [resource.made_by, resource.found_by, resource.undone_by, *resource.read_by]
    actions: list[Action] = [call.action for call in calls if call is not None] + [move.action for move in resource.moves]
    return {id(action) for action in actions}


def is_made_by(resource: Resource, action: Action) -> bool:
    """True where the action makes instances of the resource."""
    return resource.made_by is not None and resource.made_by.action is action


def makes(model: Model, action: Action) -> bool:
    """True where a resource of the catalogue is made by the action."""
    return any(is_made_by(r, action) for r in model.resources.values())


def target_of(setting: Setting, action: Action) -> Target | None:
    """What an action that is no mere create changes; None where its arguments name no instance. Worked out once for each action."""
    return setting.kept(("target", id(action)), lambda: _target_of(setting, action))


def _target_of(setting: Setting, action: Action) -> Target | None:
    model = setting.model
    for resource in model.resources.values():
        calls = [move.input for move in resource.moves if move.action is action]
        calls += [resource.undone_by.input] if resource.undone_by is not None and resource.undone_by.action is action else []
        if calls and (named := _naming(setting, action, resource, calls)):
            return Target(resource, named, _also(action, resource, calls, named))
    if makes(model, action) and not _upserts(model, action):
        return None
    for place in ("path", "body", "query", "header"):
        for param in reversed(action.params):
            found = model.resources.get(param.refers_to or "")
            if found is not None and param.place == place:
                return Target(found, tuple(p for p in action.params if p.refers_to == param.refers_to and p.place == place))
    return None


def _upserts(model: Model, action: Action) -> bool:
    """True where the create's own arguments give the id."""
    made = (r for r in model.resources.values() if is_made_by(r, action))
    return any(p.refers_to == r.name for r in made for p in action.params)


def _naming(setting: Setting, action: Action, resource: Resource, calls: list[Mapping[str, Any]]) -> tuple[Param, ...]:
    """The arguments that hold the resource's id."""
    names = families(setting)
    kin = {name for name, family in names.items() if family == names[resource.name]}
    written = {name for name, member in _written(resource, calls) if member in resource.ids}
    return tuple(p for p in action.params if p.refers_to in kin or str(p.name) in written)


def _also(action: Action, resource: Resource, calls: list[Mapping[str, Any]], named: tuple[Param, ...]) -> tuple[tuple[Param, str], ...]:
    by_name = {str(p.name): p for p in action.params if p not in named}
    return tuple((by_name[name], member) for name, member in sorted(_written(resource, calls)) if name in by_name)


def _written(resource: Resource, calls: list[Mapping[str, Any]]) -> set[tuple[str, str]]:
    """Arguments that the catalogue fills with a member of the resource, and that member."""
    found = set()
    for name, value in ((n, v) for call in calls for n, v in call.items() if isinstance(v, Expression)):
        root, _, member = value.text.strip().partition(".")
        if root in ("resource", resource.name) and member:
            found.add((name, member))
    return found


def guarded(setting: Setting, action: Action, param: Param) -> bool:
    """True where a wrong value of an argument could name somebody else's instance, which the call would change."""
    if action.effect != "write":
        return False
    target = target_of(setting, action)
    resource = setting.model.resources.get(param.refers_to or "")
    return (target is not None and param in target.named) or (resource is not None and resource.made_by is not None)


def harmless(setting: Setting, action: Action, param: Param, wrong: Wrong) -> Wrong | None:
    """The same mistake in a value that is nobody's id; None where no such value makes it."""
    if wrong.path or wrong.keyword == "required" or not guarded(setting, action, param):
        return wrong
    target = target_of(setting, action)
    if wrong.keyword == "null" and (target is None or param not in target.named):
        return wrong  # a reference to nothing changes nothing
    value = _nobodys(wrong, setting.named(param.schema))
    if value is None:
        return None
    said = wrong.says.replace(repr(wrong.value), repr(value)) if isinstance(value, str) and len(value) <= 20 else wrong.says
    return Wrong(wrong.keyword, wrong.path, value, said, wrong.tier)


def _nobodys(wrong: Wrong, schema: Mapping[str, Any]) -> Any:
    """Put what only nobody's id holds into a wrong value, and break no other keyword where that can be. None where it takes none."""
    value = wrong.value
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    if isinstance(value, int):
        return -NOBODYS_NUMBER if value < 0 else NOBODYS_NUMBER
    rest = {k: v for k, v in schema.items() if k != wrong.keyword}
    half = len(value) // 2
    tried = [f"{value}{NOBODY}", f"{NOBODY}{value}", f"{value[:half]}{NOBODY}{value[half:]}", f"{NOBODY}{value[len(NOBODY) :]}"]
    if wrong.keyword in schema:
        broken = {wrong.keyword: schema[wrong.keyword]}
        tried = [text for text in tried if value and not matches(broken, text)]
    right_else = (text for text in tried if wrong.keyword == "type" or matches(rest, text))
    return next(chain(right_else, tried), None)
