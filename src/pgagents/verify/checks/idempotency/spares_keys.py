"""A refused call does not use up its idempotency key: the right call with that key takes effect.

One key comes with a call refused for each reason, then with a right one; only where that fails is each reason tried alone.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import replace
from typing import Any

from pgagents.model.contract import Contract
from pgagents.verify.answers.replay import refused, void
from pgagents.verify.cases.invalid import negatives_of, ordinary
from pgagents.verify.check.check import Conversation, Probe, broken, kept, promise, untested
from pgagents.verify.check.memory import Setting
from pgagents.verify.fixtures.request_template import recipe_of
from pgagents.verify.wire.call import Call, Fresh
from pgagents.verify.wire.endpoint import Door
from pgagents.verify.wire.exchange import Seen

NAME = "spares_keys"
REFUSALS = frozenset((400, 422))
"""Statuses of a wrong call, where the catalogue leaves open which."""


def promises(setting: Setting) -> Iterator[Contract]:
    """One for each status that does not use up a key and that a call of the chosen action can be made to earn."""
    door = _door(setting)
    for status, call in _refusals(setting, door).items() if door is not None else ():
        assert door is not None
        says = f"{door.action.name} answered {status} ({call.why}) does not use up its idempotency key"
        yield promise(NAME, str(status), door, says, ("idempotency", "not_used_up_by"), door.action.cite)


def _door(setting: Setting) -> Door | None:
    """The action with a key, on REST, that can be refused for most reasons."""

    def chosen() -> Door | None:
        doors = [d for d in setting.doors if d.on_rest and d.action.idempotency]
        return max(doors, key=lambda d: len(_refusals(setting, d)), default=None)

    return setting.kept(NAME, chosen)


def _refusals(setting: Setting, door: Door) -> Mapping[int, Call]:
    """Calls by the status that each earns: wrong, about nothing, about a thing in a state that it does not move."""
    told, model = setting.model.idempotency, setting.model
    spared = set(told.not_used_up_by) if told is not None else set()
    recipe = recipe_of(model, door.action)
    found: dict[int, Call] = {}
    wrong = next((n for n in negatives_of(setting, door) if n.tier == 1 and n.field in _plain(door)), None)
    if wrong is not None:
        found[model.codes[model.errors.framework.invalid].status] = replace(wrong.call, why="it is wrong")
    for param in door.params:
        resource = model.resources.get(param.refers_to or "")
        if resource is not None and resource.absent is not None and resource.missing and param.required:
            given = {**recipe.input, str(param.name): resource.absent_for(param)}
            found[resource.missing.status] = ordinary(door, recipe, "absent", "it is about nothing", input=given)
    for move in recipe.subject.moves if recipe.subject is not None else ():
        others = tuple(s for s in recipe.subject.states if s not in move.origin_states) if recipe.subject is not None else ()
        if move.action is door.action and others:
            call = ordinary(door, recipe, "illegal", f"it is about what is {others[0]}", states=others[:1], fresh=True)
            found[move.otherwise.status] = call
    return {status: call for status, call in found.items() if status in spared}


def _plain(door: Door) -> set[str]:
    return {str(p.name) for p in door.params if p.name != door.action.idempotency and p.required}


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Every refusal with one key, then the right call with it."""
    del roles
    door = _door(setting)
    refusals = _refusals(setting, door) if door is not None else {}
    if door is not None and refusals:
        covers = tuple(f"{NAME}/{status}/{door.place}" for status in refusals)
        yield Probe(covers[0], 5, covers, len(covers) + 2, _run(setting, door, refusals), (door,), "main", True)


def _run(setting: Setting, door: Door, refusals: Mapping[int, Call]) -> Callable[[], Conversation]:
    def run() -> Conversation:
        statuses, seen = yield from _tried(setting, door, refusals)
        for status in refusals:
            contract = f"{NAME}/{status}/{door.place}"
            if status not in statuses or void(seen):
                yield untested(contract, f"it was answered otherwise; the right call: {seen.outcome}")
            elif seen.success:
                yield kept(contract)
            elif refused(door, seen):
                alone, answer = yield from _tried(setting, door, {status: refusals[status]})
                if alone and not void(answer) and not answer.success and refused(door, answer):
                    yield broken(contract, f"a key that came with a call answered {status} is still unused", answer.outcome)
                elif answer.success:
                    yield kept(contract)
            else:
                yield untested(contract, f"the right call was answered {seen.outcome}")

    return run


def _tried(setting: Setting, door: Door, refusals: Mapping[int, Call]) -> Generator[Any, Any, tuple[set[int], Seen]]:
    """Refused calls and a right one with one key; gives the statuses that came as they should, and the answer to the right one."""
    key, name, met = Fresh(once=True), str(door.action.idempotency), set()
    for status, call in refusals.items():
        wrong: Seen = yield replace(call, input={**call.input, name: key}, why=f"with a key, and {call.why}")
        open_ = setting.model.points.refused_status == "any" and {wrong.status, status} <= REFUSALS
        met |= {status} if wrong.status == status or open_ else set()
    recipe = recipe_of(setting.model, door.action)
    given = {**recipe.input, name: key}
    seen: Seen = yield ordinary(door, recipe, "explore", "the key of refused calls, rightly", input=given, fresh=True)
    return met, seen
