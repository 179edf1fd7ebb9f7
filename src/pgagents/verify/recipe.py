"""How a correct call of each action is made: from the catalogue's examples, its resources and their ids."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pgagents.action import Action, Example, Param
from pgagents.expression import Expression, ExpressionError, Scope
from pgagents.model import Model, Resource
from pgagents.verify.call import Fresh, Live, Signature
from pgagents.verify.values import low


@dataclass(frozen=True, slots=True)
class Recipe:
    """A correct call: arguments (some of them live), and the resource that it is about.

    `makes` is the resource that the call creates; `moves` says that it changes its subject for good.
    """

    input: Mapping[str, Any]
    subject: Resource | None = None
    states: tuple[str, ...] = ()
    makes: Resource | None = None
    moves: bool = False
    problem: str = ""


def recipe_of(model: Model, action: Action, example: Example | None = None) -> Recipe:
    """The ordinary correct call, or the one of an example (whose ids of things that are found, not made, are kept)."""
    base = example or next((e for e in action.examples if e.status < 300), None)
    given: dict[str, Any] = dict(base.input) if base else {}
    subject, overlay, states, makes, moves = _role(model, action)
    overlay = known(model, overlay)
    for param in action.params:
        name = str(param.name)
        resource = model.resources.get(param.refers_to or "")
        if action.signed is not None and name == action.signed.header:
            given[name] = Signature(action.signed.role)
        elif name == action.idempotency:
            if name in given:
                given[name] = Fresh()
        elif resource is not None and (name in given or param.required):
            if resource.made_by or (resource.found_by and example is None):
                given[name] = Live(resource.name, member=param.refers_member)
            elif not resource.found_by and name in given and not param.required:
                del given[name]
        elif param.required and name not in given:
            given[name] = chosen_for(param, model)
    if example is None or subject is not None:
        given.update({k: v for k, v in overlay.items() if example is None or isinstance(v, Expression)})
    elif makes is not None:
        needed = {str(p.name) for p in action.params if p.required}
        given = {**{k: v for k, v in overlay.items() if k not in given and k in needed}, **given}
    return Recipe(given, subject, states, makes, moves)


def chosen_for(param: Param, model: Model) -> Any:
    """A value of a required argument that no example gives: in a path its default, which says what there is, else the least one."""
    default = param.schema.get("default") if param.place == "path" else None
    return default if default is not None else low(param.schema, model.schemas)


def known(model: Model, given: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments with everything evaluated that only the catalogue's own test data decides."""
    found: dict[str, Any] = {}
    scope: Scope | None = None
    for name, value in given.items():
        if isinstance(value, Expression) and value.names <= {"env"}:
            scope = scope or Scope({"env": model.env})
            try:
                value = whole(scope.evaluate(value))
            except ExpressionError:
                continue
            if name == "*" and isinstance(value, Mapping):
                found.update(value)
                continue
        found[name] = value
    return found


def whole(value: Any) -> Any:
    """Expressions give doubles; a whole one is sent as an integer."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return int(value)
    if isinstance(value, Mapping):
        return {k: whole(v) for k, v in sorted(value.items())}  # CEL gives members in an order of chance
    if isinstance(value, list):
        return [whole(v) for v in value]
    return value


def _role(model: Model, action: Action) -> tuple[Resource | None, Mapping[str, Any], tuple[str, ...], Resource | None, bool]:
    """Which resource the action is about, the arguments the catalogue gives for it, and the states it works from."""
    for resource in model.resources.values():
        for move in resource.moves:
            if move.action is action:
                undo = resource.undone_by
                given = move.input or (undo.input if undo and undo.action is action else {})
                return resource, given, move.origin_states, None, True
        if resource.undone_by and resource.undone_by.action is action:
            return resource, resource.undone_by.input, (), None, True
        if resource.made_by and resource.made_by.action is action:
            return None, resource.made_by.input, (), resource, False
    for resource in model.resources.values():
        for call in (*resource.read_by, *resource.listed_by):
            if call.action is action:
                return resource if _needs_subject(call.input, resource) else None, call.input, (), None, False
        if resource.found_by and resource.found_by.action is action:
            return None, resource.found_by.input, (), None, False
    return None, {}, (), None, False


def _needs_subject(given: Mapping[str, Any], resource: Resource) -> bool:
    return any(isinstance(v, Expression) and {"resource", resource.name} & v.names for v in given.values())
