"""An action moves an instance from the declared states to the declared state, and is refused in all other
states.

An instance is brought to each state, the action is called, and the instance is read again. A refused call
changes nothing, and another instance keeps its state.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from pgagents.catalogue.model.resource import Move, Resource
from pgagents.report.contract import Contract
from pgagents.verify.answers.observation import change, differing, find_resource
from pgagents.verify.fixtures.instance import at_path
from pgagents.verify.fixtures.request_template import time_passes
from pgagents.verify.promise import (
    Check,
    Conversation,
    Judgement,
    Probe,
    judge_broken,
    judge_kept,
    judge_refused,
    judge_untested,
    promise,
)
from pgagents.verify.setting import Setting
from pgagents.verify.wire.call import Call, InstanceRef
from pgagents.verify.wire.endpoint import OPERATOR, Endpoint
from pgagents.verify.wire.exchange import Exchange

NAME = "state_transitions"
LATER_S = 400
"""Seconds to wait before a call that must be refused, so that a wrongly renewed time or sum differs."""


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield one contract for each resource, state and endpoint of an action with a transition."""
    for resource, move, state, endpoint in _cases(setting):
        ends = (
            f"leaves it {move.to}"
            if state in move.origin_states
            else f"is refused with {move.otherwise.name}"
        )
        says = f"{endpoint.action.name} of a {resource.name} that is {state} {ends}"
        yield promise(
            NAME,
            f"{resource.name}/{state}",
            endpoint,
            says,
            move.origin,
            resource.cite or endpoint.action.cite,
        )


def _cases(setting: Setting) -> Iterator[tuple[Resource, Move, str, Endpoint]]:
    for resource in setting.model.resources.values():
        if resource.made_by is None or resource.state is None:
            continue
        for move in resource.moves:
            for endpoint in setting.endpoints:
                if endpoint.action is move.action:
                    for state in resource.states:
                        yield resource, move, state, endpoint


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Yield probes that bring an instance to a state, call the action, and read it and another instance
    again.

    Resources that one action makes share instances. With the operator's clock, time passes before a call that
    must be refused.
    """
    wait = time_passes(setting, LATER_S) if OPERATOR in roles else None
    alike: dict[tuple[str, str, str], list[tuple[Resource, Move]]] = {}
    for resource, move, state, endpoint in _cases(setting):
        key = (str(resource.made_by.action.name) if resource.made_by else "", state, endpoint.place)
        alike.setdefault(key, []).append((resource, move))
    endpoints = setting.by_place
    refused: dict[tuple[str, str], list[_Refused]] = {}
    for (maker, state, place), several in alike.items():
        resource, move = max(
            several, key=lambda pair: pair[0].made_by is not None and pair[0].made_by.where is not None
        )
        endpoint = endpoints[place]
        covers = tuple(f"{NAME}/{r.name}/{state}/{place}" for r, _ in several)
        if state in move.origin_states:
            run = _for_all(partial(_legal, setting, resource, move, state, endpoint, covers[0]), covers)
            yield Probe(covers[0], 3 if endpoint.leads else 6, covers, 3, run, (endpoint,), "main", True)
        else:
            alone = _for_all(
                partial(_illegal, setting, resource, move, state, endpoint, covers[0], wait), covers
            )
            refused.setdefault((maker, state), []).append(
                _Refused(tuple(several), state, endpoint, covers, alone)
            )
    for group in refused.values():
        ids = tuple(id for case in group for id in case.covers)
        endpoints_of = tuple(case.endpoint for case in group)
        run = partial(_together, setting, group, wait)
        yield Probe(
            ids[0],
            3,
            ids,
            len(group) + 3 + (wait is not None),
            run,
            endpoints_of,
            "main",
            True,
            overlap="none" if wait else None,  # moving the clock affects all probes
        )


@dataclass(frozen=True, slots=True)
class _Refused:
    """A transition that must be refused from a state. `alone` is the conversation that tries only this
    one.
    """

    moves: tuple[tuple[Resource, Move], ...]
    """The resources with this transition, each with its own declaration of it."""
    state: str
    endpoint: Endpoint
    covers: tuple[str, ...]
    alone: Callable[[], Conversation]


def _together(setting: Setting, group: list[_Refused], wait: Call | None) -> Conversation:
    """Try every transition that one instance must refuse, then read it once.

    Each transition is tried alone only if the instance changed.
    """
    state, common = group[0].state, _common(group)
    reader = _reader(setting, common) if common is not None else None
    if len(group) == 1 or reader is None or common is None:
        for case in group:
            yield from case.alone()
        return
    subject: Mapping[str, Any] = yield InstanceRef(common.name, (state,), fresh=True)
    if wait is not None:
        yield wait
    for case in group:
        move = next(move for resource, move in case.moves if resource is common)
        why = f"{case.endpoint.action.name} of a {common.name} that is {state}"
        exchange: Exchange = yield Call(
            case.endpoint,
            _input(common, move),
            "illegal",
            why,
            subject=common,
            made=subject,
        )
        for contract in case.covers:
            yield from judge_refused(exchange, contract, [move.otherwise], why)
    after: Exchange = yield _read(common, reader, subject, "after what was refused")
    body = find_resource(common, after)
    if body is None or differing(subject, body):
        for case in group:
            yield from case.alone()


def _common(group: list[_Refused]) -> Resource | None:
    """Return a resource that is common to all these cases, or None."""
    first, *others = ([resource for resource, _ in case.moves] for case in group)
    return next((resource for resource in first if all(resource in other for other in others)), None)


def _for_all(run: Callable[[], Conversation], covers: tuple[str, ...]) -> Callable[[], Conversation]:
    """Return a conversation that repeats each verdict for all contracts."""
    if len(covers) == 1:
        return run

    def run_conversation() -> Conversation:
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

    return run_conversation


def _input(resource: Resource, move: Move) -> Mapping[str, Any]:
    undo = resource.undone_by
    return move.input or (undo.input if undo and undo.action is move.action else {})


def _legal(
    setting: Setting, resource: Resource, move: Move, state: str, endpoint: Endpoint, contract: str
) -> Conversation:
    neighbour: Mapping[str, Any] | None = None
    reader = _reader(setting, resource)
    if reader is not None:
        neighbour = yield InstanceRef(resource.name, (resource.initial,) if resource.initial else ())
    why = f"{endpoint.action.name} of a {resource.name} that is {state}"
    exchange: Exchange = yield Call(
        endpoint,
        _input(resource, move),
        "valid",
        why,
        subject=resource,
        states=(state,),
        fresh=True,
    )
    if exchange.void or exchange.unsound:
        return
    if not exchange.success:
        yield judge_broken(contract, f"{why} is accepted", exchange.outcome)
        return
    if not exchange.fits:
        return
    told = _state(resource, exchange)
    if told is not None and told != move.to:
        yield judge_broken(contract, f"{resource.state} {move.to}", f"{resource.state} {told} in the answer")
        return
    if reader is None or exchange.subject is None:
        yield judge_kept(contract)
        return
    after: Exchange = yield _read(resource, reader, exchange.subject, f"after {endpoint.action.name}")
    if after.success and after.fits and _state(resource, after) != move.to:
        yield judge_broken(
            contract,
            f"{resource.state} {move.to} when read again",
            f"{resource.state} {_state(resource, after)} when read again",
        )
        return
    other = neighbour is not None and resource.id_of(neighbour) != resource.id_of(exchange.subject)
    if neighbour is not None and other and state != move.to:
        yield (yield from _judge_neighbour(resource, reader, neighbour, contract))
        return
    yield judge_kept(contract)


def _judge_neighbour(
    resource: Resource, reader: Endpoint, neighbour: Mapping[str, Any], contract: str
) -> Generator[Call, Exchange, Judgement]:
    """Read an instance that no call has moved, and judge that its state is the same."""
    near = yield _read(resource, reader, neighbour, "the neighbour after")
    if near.success and near.fits and _state(resource, near) != neighbour.get(str(resource.state)):
        found = f"the neighbour's {resource.state} is {_state(resource, near)}"
        return judge_broken(contract, "a neighbour stays as it was", found)
    return judge_kept(contract)


def _illegal(
    setting: Setting,
    resource: Resource,
    move: Move,
    state: str,
    endpoint: Endpoint,
    contract: str,
    wait: Call | None,
) -> Conversation:
    why = f"{endpoint.action.name} of a {resource.name} that is {state}"
    subject: Mapping[str, Any] = yield InstanceRef(resource.name, (state,), fresh=True)
    if wait is not None:
        yield wait
    exchange: Exchange = yield Call(
        endpoint,
        _input(resource, move),
        "illegal",
        why,
        subject=resource,
        made=subject,
    )
    yield from judge_refused(exchange, contract, [move.otherwise], why)
    reader = _reader(setting, resource)
    if exchange.success or reader is None or exchange.subject is None:
        return
    after: Exchange = yield _read(resource, reader, exchange.subject, "after what was refused")
    if after.success and after.fits and _state(resource, after) != state:
        yield judge_broken(
            contract,
            f"{resource.state} {state} after a refusal",
            f"{resource.state} {_state(resource, after)} after a refusal",
        )
    elif (body := find_resource(resource, after)) is not None and differing(exchange.subject, body):
        changed = yield from _once_more(setting, resource, body, exchange, wait)
        if changed:
            yield judge_broken(
                contract,
                f"a {resource.name} stays as it is when {endpoint.action.name} is refused",
                changed,
            )
    elif not after.success and not after.void and not after.is_tainted_by("no_crashes"):
        yield judge_untested(contract, f"it could not be read again: {after.outcome}")


def _once_more(
    setting: Setting, resource: Resource, body: Mapping[str, Any], refused: Exchange, wait: Call | None
) -> Generator[Any, Any, str | None]:
    """Repeat the refused call right after a read; return the changes, because the known state may have been
    old.
    """
    if wait is not None:
        yield wait
    again: Exchange = yield replace(refused.call, made=body, why=f"{refused.call.why}, once more")
    return (
        None
        if again.success or again.void
        else (yield from change(setting, resource, body, "after what was refused once more"))
    )


def _reader(setting: Setting, resource: Resource) -> Endpoint | None:
    return setting.find_lead(str(resource.read_by[0].action.name)) if resource.read_by else None


def _read(resource: Resource, reader: Endpoint, body: Mapping[str, Any], why: str) -> Call:
    return Call(reader, resource.read_by[0].input, "valid", why, subject=resource, made=body)


def _state(resource: Resource, exchange: Exchange) -> str | None:
    """Return the state in an answer, or None."""
    calls = [
        c
        for c in (*resource.read_by, resource.undone_by, resource.made_by)
        if c is not None and c.at is not None
    ]
    endpoint = exchange.call.endpoint
    ordered = sorted(calls, key=lambda c: endpoint is None or c.action is not endpoint.action)
    for call in ordered:
        body = at_path(call, exchange) if call.at else None
        if isinstance(body, Mapping) and isinstance(body.get(str(resource.state)), str):
            found: str = body[str(resource.state)]
            return found
    return None


CHECK = Check(
    NAME,
    __doc__,
    promises,
    probes=probes,
    calls_correctly=True,
    overlap="all",
)
