"""Find a resource in an answer with the catalogue's own expressions, and the actions that make an
instance.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pgagents.base.cel.expression import Expression, member_of
from pgagents.base.cel.reading import place_of
from pgagents.catalogue.model.action import Action, ActionCall
from pgagents.catalogue.model.model import Model
from pgagents.catalogue.model.resource import Resource

Place = tuple[str | int, ...]


def place(at: Expression | None) -> Place | None:
    """Return the path of an expression that is only a path; None for any other."""
    name, *steps = (place_of(at.tree) if at is not None else ()) or ("",)
    return tuple(steps) if name == "response" else None


def place_steps(at: Expression) -> Place:
    """Return the variable of an expression that is only a path, and the path below it; empty for any
    other.
    """
    return place_of(at.tree)


def steps_to(member: str) -> Place:
    """Return the path to a member written with dots, such as `meta.id`."""
    return tuple(member.split("."))


def get(answer: Any, path: Place) -> Any:
    """Return the value at a path; None if there is none."""
    for step in path:
        try:
            answer = answer[step]
        except (KeyError, IndexError, TypeError):
            return None
    return answer


def put(answer: Any, path: Place, value: Any) -> Any:
    """Return the answer with another value at a path.

    A list gets the items that an index needs. An index from the end changes nothing if the list is too short.
    """
    if not path:
        return value
    step, rest = path[0], path[1:]
    if isinstance(step, int):
        items = list(answer) if isinstance(answer, list) else []
        if step < -len(items):
            return answer
        items += [None] * (step + 1 - len(items))
        items[step] = put(items[step], rest, value)
        return items
    members = dict(answer) if isinstance(answer, Mapping) else {}
    members[step] = put(members.get(step), rest, value)
    return members


def names_of(input: Mapping[str, Any]) -> dict[str, str]:
    """Return, for each argument of a call, the resource's member that it names."""
    named = {argument: member_of(value, ("resource",)) for argument, value in input.items()}
    return {argument: member for argument, member in named.items() if member and "." not in member}


def id_argument(call: ActionCall, resource: Resource) -> dict[str, str]:
    """Return the arguments that name the resource: by the call's input, or else those that refer to it."""
    found = names_of(call.input)
    if not set(resource.ids) <= set(found.values()):
        refers = [p for p in call.action.params if p.refers_to == resource.name]
        found |= {str(p.name): p.refers_member or resource.id for p in refers}
    return found


# -- actions that make an instance


CREATED = 201


def makes(model: Model, resource: Resource, action: Action) -> bool:
    """Return whether an action makes such an instance: it is `made_by`, or answers 201 with such an
    instance.
    """
    made_by = resource.made_by
    if made_by is None or made_by.action is action:
        return made_by is not None
    path = place(made_by.at)
    if path is None or action.effect != "write" or action.success.status != CREATED:
        return False
    if any(r.made_by is not None and r.made_by.action is action for r in model.resources.values()):
        return False
    shown = model.schema_at(action, path)
    return resource.id in shown.get("properties", {}) and shown == model.schema_at(made_by.action, path)
