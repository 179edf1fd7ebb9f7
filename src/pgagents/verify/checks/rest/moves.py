"""An action moves a thing from the states it may, to the state it says, and is refused from any other; its neighbours stay."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pgagents.model.contract import Contract
from pgagents.model.model import Move, Resource
from pgagents.verify.answers.unchanged import change, differing, told
from pgagents.verify.cases.invalid import time_passes
from pgagents.verify.check.check import Conversation, Judgement, Probe, broken, kept, promise, refused_with, untested
from pgagents.verify.check.memory import Setting
from pgagents.verify.fixtures.instance import at_path
from pgagents.verify.wire.call import Call, Live
from pgagents.verify.wire.endpoint import OPERATOR, Door
from pgagents.verify.wire.exchange import Seen

NAME = "moves"
CALLS = True
LATER_S = 400
"""So much later it is tried to move what cannot be moved any more: what a refused call writes anew is then another moment, or sum."""


def promises(setting: Setting) -> Iterator[Contract]:
    """One for each resource, state and door of an action that moves it."""
    for resource, move, state, door in _cases(setting):
        ends = f"leaves it {move.to}" if state in move.origin_states else f"is refused with {move.otherwise.name}"
        says = f"{door.action.name} of a {resource.name} that is {state} {ends}"
        yield promise(NAME, f"{resource.name}/{state}", door, says, move.origin, resource.cite or door.action.cite)


def _cases(setting: Setting) -> Iterator[tuple[Resource, Move, str, Door]]:
    for resource in setting.model.resources.values():
        if resource.made_by is None or resource.state is None:
            continue
        for move in resource.moves:
            for door in setting.doors:
                if door.action is move.action:
                    for state in resource.states:
                        yield resource, move, state, door


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """A thing of its own is brought to the state, moved, and read again; so is a neighbour.

    Of resources that are one kind of thing (the one action makes them), the one that is asked most of is moved for all. With the
    operator's clock, time passes before what is refused.
    """
    wait = time_passes(setting, LATER_S) if OPERATOR in roles else None
    alike: dict[tuple[str, str, str], list[tuple[Resource, Move]]] = {}
    for resource, move, state, door in _cases(setting):
        key = (str(resource.made_by.action.name) if resource.made_by else "", state, door.place)
        alike.setdefault(key, []).append((resource, move))
    doors = setting.by_place
    refused: dict[tuple[str, str], list[_Refused]] = {}
    for (maker, state, place), several in alike.items():
        resource, move = max(several, key=lambda pair: pair[0].made_by is not None and pair[0].made_by.where is not None)
        door = doors[place]
        covers = tuple(f"{NAME}/{r.name}/{state}/{place}" for r, _ in several)
        if state in move.origin_states:
            run = _for_all(_legal(setting, resource, move, state, door, covers[0]), covers)
            yield Probe(covers[0], 3 if door.on_rest else 6, covers, 3, run, (door,), "main", True)
        else:
            alone = _for_all(_illegal(setting, resource, move, state, door, covers[0], wait), covers)
            refused.setdefault((maker, state), []).append(_Refused(tuple(several), state, door, covers, alone))
    for group in refused.values():
        ids = tuple(id for case in group for id in case.covers)
        doors_of = tuple(case.door for case in group)
        run = _together(setting, group, wait)
        yield Probe(ids[0], 3, ids, len(group) + 3 + (wait is not None), run, doors_of, "main", True)


@dataclass(frozen=True, slots=True)
class _Refused:
    """A move from a state that it does not start from; `alone` is the conversation about it alone."""

    moves: tuple[tuple[Resource, Move], ...]
    """The kinds of thing that it is about, and what it is to each."""
    state: str
    door: Door
    covers: tuple[str, ...]
    alone: Callable[[], Conversation]


def _together(setting: Setting, group: list[_Refused], wait: Call | None) -> Callable[[], Conversation]:
    """Every move that one thing refuses, then one read of it. Only where it is not as it was is each move tried alone."""

    def run() -> Conversation:
        state, common = group[0].state, _common(group)
        reader = _reader(setting, common) if common is not None else None
        if len(group) == 1 or reader is None or common is None:
            for case in group:
                yield from case.alone()
            return
        subject: Mapping[str, Any] = yield Live(common.name, (state,), fresh=True)
        if wait is not None:
            yield wait
        for case in group:
            move = next(move for resource, move in case.moves if resource is common)
            why = f"{case.door.action.name} of a {common.name} that is {state}"
            seen: Seen = yield Call(
                case.door, _input(common, move), "illegal", why, subject=common, made=subject, surface=case.door.surface
            )
            for contract in case.covers:
                yield from refused_with(seen, contract, [move.otherwise], why)
        after: Seen = yield _read(common, reader, subject, "after what was refused")
        body = told(common, after)
        if body is None or differing(subject, body):
            for case in group:
                yield from case.alone()

    return run


def _common(group: list[_Refused]) -> Resource | None:
    """The kind of thing that all of them are about."""
    first, *others = ([resource for resource, _ in case.moves] for case in group)
    return next((resource for resource in first if all(resource in other for other in others)), None)


def _for_all(run: Callable[[], Conversation], covers: tuple[str, ...]) -> Callable[[], Conversation]:
    """A conversation whose verdicts on the first contract count for all."""
    if len(covers) == 1:
        return run

    def said() -> Conversation:
        conversation = run()
        answer: Any = None
        while True:
            try:
                step = conversation.send(answer)
            except StopIteration:
                return
            answer = None
            if isinstance(step, Judgement):
                for contract in covers:
                    yield replace(step, contract=contract)
            else:
                answer = yield step

    return said


def _input(resource: Resource, move: Move) -> Mapping[str, Any]:
    undo = resource.undone_by
    return move.input or (undo.input if undo and undo.action is move.action else {})


def _legal(setting: Setting, resource: Resource, move: Move, state: str, door: Door, contract: str) -> Callable[[], Conversation]:
    def run() -> Conversation:
        neighbour: Mapping[str, Any] | None = None
        reader = _reader(setting, resource)
        if reader is not None:
            neighbour = yield Live(resource.name, (resource.initial,) if resource.initial else ())
        why = f"{door.action.name} of a {resource.name} that is {state}"
        seen: Seen = yield Call(
            door, _input(resource, move), "valid", why, subject=resource, states=(state,), fresh=True, surface=door.surface
        )
        if seen.void or seen.unsound:
            return
        if not seen.success:
            yield broken(contract, f"{why} is accepted", seen.outcome)
            return
        if not seen.fits:
            return
        told = _state(resource, seen)
        if told is not None and told != move.to:
            yield broken(contract, f"{resource.state} {move.to}", f"{resource.state} {told} in the answer")
            return
        if reader is None or seen.subject is None:
            yield kept(contract)
            return
        after: Seen = yield _read(resource, reader, seen.subject, f"after {door.action.name}")
        if after.success and after.fits and _state(resource, after) != move.to:
            yield broken(
                contract, f"{resource.state} {move.to} when read again", f"{resource.state} {_state(resource, after)} when read again"
            )
            return
        if neighbour is not None and state != move.to and resource.id_of(neighbour) != resource.id_of(seen.subject):
            near: Seen = yield _read(resource, reader, neighbour, "the neighbour after")
            if near.success and near.fits and _state(resource, near) != neighbour.get(str(resource.state)):
                yield broken(contract, "a neighbour stays as it was", f"the neighbour's {resource.state} is {_state(resource, near)}")
                return
        yield kept(contract)

    return run


def _illegal(
    setting: Setting, resource: Resource, move: Move, state: str, door: Door, contract: str, wait: Call | None
) -> Callable[[], Conversation]:
    def run() -> Conversation:
        why = f"{door.action.name} of a {resource.name} that is {state}"
        subject: Mapping[str, Any] = yield Live(resource.name, (state,), fresh=True)
        if wait is not None:
            yield wait
        seen: Seen = yield Call(door, _input(resource, move), "illegal", why, subject=resource, made=subject, surface=door.surface)
        yield from refused_with(seen, contract, [move.otherwise], why)
        reader = _reader(setting, resource)
        if seen.success or reader is None or seen.subject is None:
            return
        after: Seen = yield _read(resource, reader, seen.subject, "after what was refused")
        if after.success and after.fits and _state(resource, after) != state:
            yield broken(
                contract, f"{resource.state} {state} after a refusal", f"{resource.state} {_state(resource, after)} after a refusal"
            )
        elif (body := told(resource, after)) is not None and differing(seen.subject, body):
            changed = yield from _once_more(setting, resource, body, seen, wait)
            if changed:
                yield broken(contract, f"a {resource.name} stays as it is when {door.action.name} is refused", changed)
        elif not after.success and not after.void and not after.spoilt_by("never_crashes"):
            yield untested(contract, f"it could not be read again: {after.outcome}")

    return run


def _once_more(
    setting: Setting, resource: Resource, body: Mapping[str, Any], refused: Seen, wait: Call | None
) -> Generator[Any, Any, str | None]:
    """The refused call once more, right after a read: what was known before it may have been old."""
    if wait is not None:
        yield wait
    again: Seen = yield replace(refused.call, made=body, why=f"{refused.call.why}, once more")
    return None if again.success or again.void else (yield from change(setting, resource, body, "after what was refused once more"))


def _reader(setting: Setting, resource: Resource) -> Door | None:
    return setting.door(str(resource.read_by[0].action.name), "rest") if resource.read_by else None


def _read(resource: Resource, reader: Door, body: Mapping[str, Any], why: str) -> Call:
    return Call(reader, resource.read_by[0].input, "valid", why, subject=resource, made=body)


def _state(resource: Resource, seen: Seen) -> str | None:
    """The state in an answer; None where it tells none."""
    calls = [c for c in (*resource.read_by, resource.undone_by, resource.made_by) if c is not None and c.at is not None]
    door = seen.call.door
    ordered = sorted(calls, key=lambda c: door is None or c.action is not door.action)
    for call in ordered:
        body = at_path(call, seen) if call.at else None
        if isinstance(body, Mapping) and isinstance(body.get(str(resource.state)), str):
            found: str = body[str(resource.state)]
            return found
    return None
