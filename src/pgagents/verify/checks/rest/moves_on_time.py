"""An instance whose state changes by time has the old state until the announced time, and the new state
after.

An instance is made, and read 10 s before and 10 s after its time by the operator's clock.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from pgagents.base.cel.functions import epoch
from pgagents.catalogue.model.action import ActionCall
from pgagents.catalogue.model.resource import Resource, TimedMove
from pgagents.report.contract import Contract, Verdict
from pgagents.verify.fixtures.instance import at_path, find_read
from pgagents.verify.fixtures.request_template import time_passes
from pgagents.verify.promise import (
    Check,
    Conversation,
    Judgement,
    Probe,
    judge_broken,
    judge_kept,
    judge_untested,
    promise,
)
from pgagents.verify.setting import Setting
from pgagents.verify.wire.call import Call
from pgagents.verify.wire.endpoint import OPERATOR, Endpoint
from pgagents.verify.wire.exchange import Exchange

NAME = "moves_on_time"
MARGIN_S = 10.0
"""Seconds between a transition's time and the reads before and after it, because clocks differ by a few
seconds.
"""
Case = tuple[Resource, TimedMove, ActionCall, Endpoint]


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield two contracts for each transition from the first state that happens by time."""
    for resource, move, _, endpoint in _cases(setting):
        detail = f"{resource.name}/{move.to}"
        says = f"a {resource.name} is {move.origin_state} until its {move.at}"
        yield promise(NAME, f"before/{detail}", endpoint, says, move.origin, resource.cite)
        says = f"a {resource.name} is {move.to} after its {move.at}"
        yield promise(NAME, f"after/{detail}", endpoint, says, move.origin, resource.cite)


def settle_contract(setting: Setting, contract: Contract) -> tuple[Verdict, str] | None:
    """Exclude the contract if the clock cannot be moved."""
    del contract
    if setting.model.clock is None:
        return Verdict.NOT_APPLICABLE, "the API has no clock that an operator could move"
    return None


def _cases(setting: Setting) -> Iterator[Case]:
    for resource in setting.model.resources.values():
        read = find_read(setting, resource)
        if read is None or resource.made_by is None or resource.state is None:
            continue
        for move in resource.moves_by_time:
            if move.origin_state == resource.initial:
                yield resource, move, *read


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Yield one probe for each transition."""
    del roles
    for resource, move, read, endpoint in _cases(setting):
        rest = f"{resource.name}/{move.to}/{endpoint.place}"
        ids = (f"{NAME}/before/{rest}", f"{NAME}/after/{rest}")
        run = partial(_run, setting, (resource, move, read, endpoint), ids)
        yield Probe(ids[0], 6, ids, 5, run, (endpoint,), OPERATOR, True)


def _run(setting: Setting, case: Case, ids: tuple[str, str]) -> Conversation:
    resource, move, read, endpoint = case
    before, after = ids
    made_by = resource.made_by
    maker = setting.find_lead(str(made_by.action.name)) if made_by is not None else None
    if made_by is None or maker is None:
        return
    why = f"a {resource.name} that becomes {move.to} by itself"
    made: Exchange = yield Call(maker, made_by.input, "valid", why, fresh=True)
    body = at_path(made_by, made) if made.success else None
    left = _find_seconds_left(move, body, made)
    if not isinstance(body, Mapping) or left <= 2 * MARGIN_S:
        for contract in ids:
            yield judge_untested(contract, f"no {resource.name} with time left was made: {made.outcome}")
        return
    look = Call(endpoint, read.input, "explore", f"a {resource.name} shortly before its {move.at}",
                subject=resource, made=body)  # fmt: skip
    for contract, seconds, state in (
        (before, left - MARGIN_S, move.origin_state), (after, 2 * MARGIN_S, move.to),
    ):  # fmt: skip
        passes = time_passes(setting, seconds)
        passed: Exchange | None = (yield passes) if passes is not None else None
        if passed is None or not passed.success:
            yield judge_untested(contract, "the clock could not be moved")
            return
        seen: Exchange = yield look
        yield _judge(resource, at_path(read, seen) if seen.success else None, seen, contract, state)


def _find_seconds_left(move: TimedMove, body: Any, made: Exchange) -> float:
    """Return the seconds until the transition; -1 if the body gives no time."""
    told = epoch(body.get(move.at)) if isinstance(body, Mapping) else math.nan
    return -1.0 if math.isnan(told) else told - made.sent_at


def _judge(resource: Resource, shown: Any, seen: Exchange, contract: str, state: str) -> Judgement:
    """Judge the state in the answer of a read. If the read fails, other checks report that."""
    found = shown.get(str(resource.state)) if isinstance(shown, Mapping) else None
    if not isinstance(found, str):
        return judge_untested(contract, f"no state was shown: {seen.outcome}")
    if found == state:
        return judge_kept(contract)
    return judge_broken(contract, f"{resource.state} is {state}", f"{resource.state} is {found}")


CHECK = Check(NAME, __doc__, promises, probes=probes, settled=settle_contract)
