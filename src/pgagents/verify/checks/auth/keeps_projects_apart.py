"""What one project makes is told to no other, in no answer of any call, and changes no figure that is the other's alone.

A cache that goes by path and query and not by the key answers one project with what another was told; a write may empty it. So lists
and figures are read by one project and, with nothing in between, by another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pgagents.http import Response, json_bytes
from pgagents.model.action import Param
from pgagents.model.contract import Contract, Verdict
from pgagents.model.model import Resource
from pgagents.verify.cases.invalid import ordinary, time_passes
from pgagents.verify.check.check import Conversation, Judgement, Probe, broken, kept, promise, promise_at, untested
from pgagents.verify.check.memory import Memory, Setting
from pgagents.verify.fixtures.instance import at_path
from pgagents.verify.fixtures.request_template import recipe_of
from pgagents.verify.plan.exclusive import others_too
from pgagents.verify.wire.call import Call, Live, Moment
from pgagents.verify.wire.endpoint import OPERATOR, REST, Door
from pgagents.verify.wire.exchange import Seen

RANK = 9
NAME = "keeps_projects_apart"
TOLD = f"{NAME}/told@{REST}"
DAY_S = 86_400
STAY_S = 5_400.0
"""So long another project's thing lives, where time can be made to pass: what is charged by the hour shows then."""
SHORTEST = 8
"""An id of fewer characters may stand in an answer by chance."""
MOST_IDS = 2_000
Owner = tuple[str, str]
"""A project and a mode."""


def promises(setting: Setting) -> Iterator[Contract]:
    """That no answer tells another project's ids, and for each action whose answers are a project's own that figures stay."""
    if setting.model.auth.roles.get("second") is None:
        return
    tenants = [r for r in setting.model.resources.values() if r.tenant and r.made_by is not None]
    if tenants:
        names = " or ".join(dict.fromkeys(r.name for r in tenants))
        yield promise_at(NAME, "told", f"@{REST}", f"no answer names a {names} of another project", (*tenants[0].origin, "tenant"))
    for door, resource in _figures(setting):
        says = f"{door.action.name} tells the same after another project made and ended a {resource.name}"
        yield promise(NAME, "figures", door, says, (*door.action.origin, "tenant"), resource.cite or door.action.cite)


def settled(setting: Setting, contract: Contract) -> tuple[Verdict, str] | None:
    """Figures stay only where nobody else of our project changes them meanwhile."""
    if setting.exclusive or contract.id == TOLD:
        return None
    return Verdict.NOT_SELECTED, others_too("counts")


def _as_sent(seen: Seen) -> dict[str, Any]:
    """The arguments that a call gave, with everything evaluated; without the defaults of others."""
    return {name: value for name, value in seen.input.items() if name in seen.call.input}


def _figures(setting: Setting) -> Iterator[tuple[Door, Resource]]:
    """Actions of one project alone on REST, and the first kind of thing that can be made and ended."""
    made = next((r for r in setting.model.resources.values() if r.tenant and r.made_by and r.undone_by), None)
    for door in setting.doors if made is not None else ():
        if door.action.tenant and door.action.effect == "read" and door.on_rest and made is not None:
            yield door, made


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """The figures, one thing of another project's made and ended, and the figures again."""
    if setting.model.auth.roles.get("second") is None:
        return
    for door, resource in _figures(setting) if setting.exclusive else ():
        contract = f"{NAME}/figures/{door.place}"
        run = _run(setting, door, resource, contract, operated=OPERATOR in roles)
        yield Probe(contract, 3, (contract, TOLD), 5 + (OPERATOR in roles), run, (door,), "second", True)
    lists = list(_lists(setting))
    for door, resource in lists:
        yield Probe(f"{TOLD} {door.action.name}", 8, (TOLD,), 2, _after_own(setting, door, resource), (door,), "second", True)
    reads = [door for door in setting.doors if door.on_rest and door.action.effect == "read" and door.action.key]
    if reads and not lists and not (setting.exclusive and any(_figures(setting))):
        call = ordinary(reads[0], recipe_of(setting.model, reads[0].action), "valid", "what another project sees", role="second")
        yield Probe(TOLD, 8, (TOLD,), 1, lambda: _once(call), (reads[0],), "second")


def _lists(setting: Setting) -> Iterator[tuple[Door, Resource]]:
    """The lists on REST of what is a project's own, each once, with a kind of thing that can be made for it."""
    met: set[str] = set()
    for resource in setting.model.resources.values():
        for listed in resource.listed_by if resource.tenant and resource.made_by else ():
            door = setting.door(str(listed.action.name), REST)
            if door is not None and door.action.key and door.place not in met:
                met.add(door.place)
                yield door, resource


def _once(call: Call) -> Conversation:
    yield call


def _after_own(setting: Setting, door: Door, resource: Resource) -> Callable[[], Conversation]:
    """Our own list with a thing of ours in it, then the very same call of another project."""

    def run() -> Conversation:
        recipe = recipe_of(setting.model, door.action)
        there = yield Live(resource.name)
        subject = there if recipe.subject is not None else None
        own: Seen = yield ordinary(door, recipe, "valid", f"a list of each {resource.name} of ours", made=subject)
        if own.success:
            yield ordinary(door, recipe, "valid", "the same list of another project", role="second", input=_as_sent(own), made=subject)

    return run


def _run(setting: Setting, door: Door, resource: Resource, contract: str, *, operated: bool) -> Callable[[], Conversation]:
    def run() -> Conversation:
        moments = [p for p in door.params if p.required and p.schema.get("format") == "date-time"]
        given = {**recipe_of(setting.model, door.action).input, **_around(moments)}
        before: Seen = yield ordinary(door, recipe_of(setting.model, door.action), "valid", "figures of our project", input=given)
        undo = resource.undone_by
        ending = setting.door(str(undo.action.name), REST) if undo is not None else None
        if undo is None or ending is None or not before.success:
            yield untested(contract, f"the figures were answered {before.outcome}")
            return
        states = (resource.initial,) if resource.initial else ()
        theirs = yield Live(resource.name, states, role="second", standard=True)
        wait = time_passes(setting, STAY_S) if operated else None
        if wait is not None:
            yield wait
        why = f"another project ends its {resource.name}"
        ended: Seen = yield Call(ending, undo.input, "valid", why, role="second", owner="second", subject=resource, made=theirs)
        yield ordinary(  # what it is told is not kept for us
            door, recipe_of(setting.model, door.action), "valid", "another project's figures", role="second", input=dict(before.input),
            made=before.subject,
        )  # fmt: skip
        after: Seen = yield ordinary(
            door, recipe_of(setting.model, door.action), "valid", "the figures again", input=dict(before.input), made=before.subject
        )
        if not ended.success or not after.success:
            yield untested(contract, f"it was ended with {ended.outcome}, the figures answered {after.outcome}")
        elif after.body == before.body:
            yield kept(contract)
        else:
            yield broken(contract, "the same figures", f"others: {_other(before.body, after.body)}")

    return run


def _around(moments: list[Param]) -> dict[str, Any]:
    """From yesterday to tomorrow."""
    return {str(p.name): Moment(DAY_S * (2 * i - 1)) for i, p in enumerate(moments[:2])} if len(moments) > 1 else {}


def _other(before: Any, after: Any, at: str = "") -> str:
    """The first place where two answers differ."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        name = next((n for n in {**before, **after} if before.get(n) != after.get(n)), "")
        return _other(before.get(name), after.get(name), f"{at}.{name}" if at else str(name))
    return f"{at} {json_bytes(before).decode()[:80]}, then {json_bytes(after).decode()[:80]}"


def watch(seen: Seen, memory: Memory) -> Iterator[Judgement]:
    """Note whose each thing is; look for others' ids in every answer."""
    role = memory.model.auth.roles.get(seen.call.role)
    if role is None or seen.call.door is None or role.operator:
        return
    owner: Owner = (role.project, role.mode)
    made: dict[Owner, dict[bytes, str]] = memory.notes.setdefault(NAME, {})
    if len(made) > (owner in made) and seen.response is not None and seen.call.intent != "framework":
        yield from _told(seen, owner, made)
    for resource in memory.model.resources.values():
        if resource.tenant and resource.made_by and seen.call.door.action is resource.made_by.action and seen.success:
            body = at_path(resource.made_by, seen) if resource.made_by.at else None
            id = resource.id_of(body) if isinstance(body, Mapping) else None
            if isinstance(id, str) and len(id) >= SHORTEST:
                mine = made.setdefault(owner, {})
                mine[json_bytes(id)] = resource.name
                if len(mine) > MOST_IDS:
                    del mine[next(iter(mine))]


def _told(seen: Seen, owner: Owner, made: Mapping[Owner, Mapping[bytes, str]]) -> Iterator[Judgement]:
    """An id that the call itself named says nothing."""
    body = seen.told.body if isinstance(seen.told, Response) else b""
    action = seen.call.door.action.name if seen.call.door else ""
    for other, ids in made.items():
        for id, name in ids.items() if other != owner else ():
            if id in body and id[1:-1] not in seen.request.body and id[1:-1].decode() not in seen.request.target:
                yield broken(TOLD, f"nothing of the project {other[0]}", f"{action} told of a {name} of it")
                return
    if seen.success:
        yield kept(TOLD)
