"""An id in the other case, or with a look-alike letter, is another id, and nothing has it; and what is made has an id of its own.

Databases that compare texts without their case find a thing by an id that nobody gave out, and so do servers that normalise what they
are sent, which makes letters of full width equal to those of ASCII; two things of ours then are one. So are two whose ids are made of
what they have in common.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pgagents.http import json_bytes
from pgagents.model.action import Param
from pgagents.model.contract import Contract, Verdict
from pgagents.model.model import Resource, id_text
from pgagents.verify.answers.refusal import expected
from pgagents.verify.answers.representations import kind_of
from pgagents.verify.cases.invalid import is_invalid, ordinary
from pgagents.verify.cases.malformed import of_ours
from pgagents.verify.check.check import Conversation, Judgement, Probe, broken, kept, promise, refused_with
from pgagents.verify.check.memory import Memory, Setting
from pgagents.verify.fixtures.instance import at_path
from pgagents.verify.fixtures.request_template import recipe_of
from pgagents.verify.values.schema_values import full_width
from pgagents.verify.wire.call import Live
from pgagents.verify.wire.endpoint import REST, Door
from pgagents.verify.wire.exchange import Seen

NAME = "tells_ids_apart"
REMEMBERS = True
MOST_IDS, MOST_KEYS = 2_000, 20_000
"""How many things are remembered, those made last; a key is for longer than its thing."""
CORRECT = ("valid", "explore")
LOOKALIKE = "lookalike"
_HEX = re.compile(r"[0-9A-Fa-f{}-]*")
"""UUIDs and the like: their letters are digits, which have no case."""


def promises(setting: Setting) -> Iterator[Contract]:
    """One for each kind of thing that is read by its id, on the first action that reads it."""
    for door, param, resource in _cases(setting):
        says = f"{door.action.name} finds nothing by a {param.name} in the other case"
        yield promise(NAME, "", door, says, (*resource.origin, "missing"), door.action.cite)
    for door, param, resource in _lookalike_cases(setting):
        says = f"{door.action.name} finds nothing by a {param.name} with a letter that only looks like its own"
        yield promise(NAME, f"{LOOKALIKE}/{param.name}", door, says, (*resource.origin, "missing"), door.action.cite)
    for resource, door in _makers(setting):
        says = f"each {resource.name} that {door.action.name} makes has an id of its own"
        yield promise(NAME, "made", door, says, (*resource.origin, "made_by"), door.action.cite)


def _makers(setting: Setting) -> tuple[tuple[Resource, Door], ...]:
    """What makes things, and does not only move them; of several kinds of one action the first."""

    def found() -> Iterator[tuple[Resource, Door]]:
        moves = {id(m.action) for r in setting.model.resources.values() for m in r.moves}
        by_action = {id(r.made_by.action): r for r in reversed(list(setting.model.resources.values())) if r.made_by and r.made_by.at}
        for door in setting.doors:
            if (resource := by_action.get(id(door.action))) is not None and id(door.action) not in moves:
                yield resource, door

    return setting.kept((NAME, "makers"), lambda: tuple(found()))


def watch(seen: Seen, memory: Memory) -> Iterator[Judgement]:
    """Judge the id of each thing that is made. A repeated call may be answered with what the first made, and so may an equal one that
    costs nothing; an id is free again once its thing is deleted."""
    door, setting = seen.call.door, memory.setting
    if door is None or not seen.success or not seen.fits or seen.call.intent not in CORRECT:
        return
    made: dict[str, str] = memory.notes.setdefault((NAME, "made"), {})
    """By the ids of things, with what arguments they were made."""
    for gone in [r for r in setting.model.resources.values() if r.undone_by and r.undone_by.action is door.action and not r.state]:
        for value in seen.input.values():
            made.pop(f"{gone.name} {gone.place_in(door.params, seen.input)}{value}", None)
    maker = next((r for r, d in _makers(setting) if d is door), None)
    body = at_path(maker.made_by, seen) if maker is not None and maker.made_by and maker.made_by.at else None
    if maker is None or not isinstance(body, Mapping) or not maker.id_of(body) is not None or _repeated(seen, memory):
        return
    said = json_bytes({k: v for k, v in seen.input.items() if k != door.action.idempotency}).decode()
    before = made.get(thing := f"{maker.name} {maker.place_in(door.params, seen.input)}{id_text(maker.id_of(body))}")
    if before is not None and (before != said or door.action.costs):
        yield broken(f"{NAME}/made/{door.place}", f"a {maker.name} with an id of its own", "the id of another that was made before")
    else:
        yield kept(f"{NAME}/made/{door.place}")
    made[thing] = said
    if len(made) > MOST_IDS:
        del made[next(iter(made))]


def _repeated(seen: Seen, memory: Memory) -> bool:
    """Whether a call had its idempotency key before; from now on it has."""
    name = seen.call.door.action.idempotency if seen.call.door else None
    used: dict[str, None] = memory.notes.setdefault((NAME, "keys"), {})
    if name is None or name not in seen.input:
        return False
    key = f"{seen.call.role} {seen.input[name]}"
    if key in used:
        return True
    used[key] = None
    if len(used) > MOST_KEYS:
        del used[next(iter(used))]
    return False


def _cases(setting: Setting) -> tuple[tuple[Door, Param, Resource], ...]:
    def found() -> Iterator[tuple[Door, Param, Resource]]:
        met: set[str] = set()
        for door in setting.doors:
            for param in door.params:
                resource = setting.model.resources.get(param.refers_to or "")
                if resource is None or resource.missing is None or door.surface != REST or door.action.effect != "read":
                    continue
                kind = kind_of(setting, resource)
                if param.required and kind not in met and (resource.made_by or resource.found_by):
                    met.add(kind)
                    yield door, param, resource

    return setting.kept(NAME, lambda: tuple(found()))


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """One call each."""
    del roles
    for door, param, resource in _lookalike_cases(setting):
        contract = f"{NAME}/{LOOKALIKE}/{param.name}/{door.place}"
        writes = resource.made_by is not None or door.action.effect == "write"
        yield Probe(contract, 5, (contract,), 1, _looking_alike(setting, door, param, resource, contract), (door,), "main", writes)
    for door, param, resource in _cases(setting):
        contract = f"{NAME}/{door.place}"
        yield Probe(
            contract, 5, (contract,), 1, _run(setting, door, param, resource, contract), (door,), "main", resource.made_by is not None
        )


def _run(setting: Setting, door: Door, param: Param, resource: Resource, contract: str) -> Callable[[], Conversation]:
    def run() -> Conversation:
        there: Mapping[str, Any] = yield Live(resource.name)
        id = str(resource.id_of(there))
        recipe = recipe_of(setting.model, door.action)
        given = {**recipe.input, str(param.name): id.swapcase()}
        call = ordinary(door, recipe, "absent", f"a {param.name} in the other case", input=given, made=there if recipe.subject else None)
        if id.swapcase() == id or _HEX.fullmatch(id) or is_invalid(setting, call):
            yield Judgement(contract, Verdict.NOT_CLAIMED, "ids here have no case")
            return
        seen: Seen = yield call
        assert resource.missing is not None
        yield from refused_with(seen, contract, [resource.missing], f"a {param.name} in the other case")

    return run


def _lookalike_cases(setting: Setting) -> tuple[tuple[Door, Param, Resource], ...]:
    """For each kind of id the first call on REST that reads by it, and the first that changes one of ours."""

    def found() -> Iterator[tuple[Door, Param, Resource]]:
        ours = {door.place for door in of_ours(setting)}
        met: set[tuple[str, str]] = set()
        for door in setting.doors:
            for param in door.params:
                resource = setting.model.resources.get(param.refers_to or "")
                if resource is None or resource.missing is None or not door.on_rest or not param.required:
                    continue
                case = (kind_of(setting, resource), door.action.effect)
                if case in met or not (resource.made_by or resource.found_by):
                    continue
                if door.action.effect == "read" or door.place in ours:
                    met.add(case)
                    yield door, param, resource

    return setting.kept((NAME, LOOKALIKE), lambda: tuple(found()))


def _looking_alike(setting: Setting, door: Door, param: Param, resource: Resource, contract: str) -> Callable[[], Conversation]:
    """Ask for a thing by its id with one letter in full width: there is none, or no id is written so."""

    def run() -> Conversation:
        recipe, name = recipe_of(setting.model, door.action), str(param.name)
        subject = recipe.subject if recipe.subject is not None else resource
        there: Mapping[str, Any] = yield Live(subject.name, recipe.states)
        id = str(there.get(subject.id))
        given = {**recipe.input, name: full_width(id)}
        what = f"a {name} with a letter of full width"
        call = ordinary(door, recipe, "absent", what, input=given, made=there if recipe.subject else None, field=name)
        if full_width(id) == id or not is_invalid(setting, call):
            yield Judgement(contract, Verdict.NOT_CLAIMED, "ids here may have such letters")
            return
        seen: Seen = yield call
        assert resource.missing is not None
        codes, statuses = expected(setting, call)
        yield from refused_with(seen, contract, [*codes, resource.missing], what, statuses)

    return run
