"""A list that is asked for by a text has nothing of what only resembles it: a wildcard for a character, another case, no separators.

The laws of the list say what may come; here it is asked for texts that are nearly those of things which are there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pgagents.cel.expression import Expression, ExpressionError, Scope
from pgagents.model.action import Param
from pgagents.model.contract import Contract, Verdict
from pgagents.model.model import Resource
from pgagents.verify.cases.invalid import ordinary
from pgagents.verify.cases.look_alike import compared, fitting, free_text
from pgagents.verify.check.check import Conversation, Judgement, Probe, broken, kept, promise
from pgagents.verify.check.memory import Setting
from pgagents.verify.fixtures.request_template import recipe_of
from pgagents.verify.laws.laws import judged, values_of
from pgagents.verify.wire.call import Live
from pgagents.verify.wire.endpoint import REST, Door
from pgagents.verify.wire.exchange import Seen

NAME = "filters_exactly"
MOST = {"exactly": 2, "folded": 1}
"""How many near texts are tried; a filter that minds no case has fewer."""


def promises(setting: Setting) -> Iterator[Contract]:
    """One for each text that a list is filtered by and a law compares."""
    for door, param, _, _ in _cases(setting):
        says = f"{door.action.name} has nothing of what only resembles its {param.name}"
        yield promise(NAME, str(param.name), door, says, param.origin, door.action.cite)


def _cases(setting: Setting) -> tuple[tuple[Door, Param, Resource, Any], ...]:
    """On REST: the list, its argument, what it lists, and the argument's value for one of these."""

    def found() -> Iterator[tuple[Door, Param, Resource, Any]]:
        met: set[tuple[str, str]] = set()
        for resource in setting.model.resources.values():
            for call in resource.listed_by:
                door = setting.door(str(call.action.name), REST)
                for param in door.params if door is not None else ():
                    name = str(param.name)
                    if door is None or name not in call.input or param.refers_to or (door.place, name) in met:
                        continue
                    if free_text(setting, param.schema) and compared(door.action, param):
                        met.add((door.place, name))
                        yield door, param, resource, call.input[name]

    return setting.kept(NAME, lambda: tuple(found()))


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """A call for each near text, of those that the argument may have."""
    del roles
    for door, param, resource, value in _cases(setting):
        contract = f"{NAME}/{param.name}/{door.place}"
        cost = MOST[compared(door.action, param)]
        run = _run(setting, door, param, resource, value, contract)
        yield Probe(contract, 6, (contract,), cost, run, (door,), "main", resource.made_by is not None)


def _run(setting: Setting, door: Door, param: Param, resource: Resource, value: Any, contract: str) -> Callable[[], Conversation]:
    def run() -> Conversation:
        there: Mapping[str, Any] = yield Live(resource.name)
        text = _valued(setting, resource, there, value)
        hows = compared(door.action, param)
        near = fitting(setting, door.action, param, text) if isinstance(text, str) else {}
        chosen = [how for how in near if how != "in the other case" or hows == "exactly"][: MOST[hows]]
        if not chosen:
            yield Judgement(contract, Verdict.NOT_CLAIMED, "the argument takes no text that is nearly another")
            return
        recipe = recipe_of(setting.model, door.action)
        needed = {k: v for k, v in recipe.input.items() if (p := door.action.param(k)) is not None and p.required}
        for how in chosen:
            given = {**needed, str(param.name): near[how]}
            seen: Seen = yield ordinary(door, recipe, "valid", f"{param.name} {how}", input=given, made=there if recipe.subject else None)
            if seen.success and _others_in(setting, door, param, seen):
                yield broken(contract, f"nothing that has another {param.name}, asked for one {how}", "others are in the answer")
            elif not seen.void and not seen.unsound:
                yield kept(contract)

    return run


def _others_in(setting: Setting, door: Door, param: Param, seen: Seen) -> bool:
    """Whether a law that compares the argument does not hold of the answer; what else is wrong with it is for others to say."""
    comparing = [law for law in door.action.laws if re.search(rf"\binput\.{re.escape(str(param.name))}\b", law.that.text)]
    try:
        scope = Scope(values_of(setting.model, seen))
    except ExpressionError:
        return False
    return seen.fits and any(judged(law, scope).outcome == "broken" for law in comparing)


def _valued(setting: Setting, resource: Resource, there: Mapping[str, Any], value: Any) -> Any:
    """The argument's value for this thing; None where it has none."""
    if not isinstance(value, Expression):
        return value
    try:
        return Scope({"env": setting.model.env, "resource": there, resource.name: there}).evaluate(value)
    except ExpressionError:
        return None
