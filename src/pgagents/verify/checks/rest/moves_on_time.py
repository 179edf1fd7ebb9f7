"""An instance whose state changes by time has the old state until the announced time, and the new state
after.

An instance is made, and read 10 s before and 10 s after its time by the operator's clock.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from pgagents.base.cel.functions import epoch
from pgagents.catalogue.model.action import ActionCall
from pgagents.catalogue.model.resource import Resource, TimedMove
from pgagents.report.contract import Rank, Verdict
from pgagents.verify.fixtures.instance import at_path, find_read
from pgagents.verify.fixtures.request_template import time_passes
from pgagents.verify.promise import Attempt, Case, Conversation, Judgement, Trial, make_check
from pgagents.verify.setting import Setting
from pgagents.verify.wire.call import Call
from pgagents.verify.wire.endpoint import OPERATOR
from pgagents.verify.wire.exchange import Exchange

MARGIN_S = 10.0
"""Seconds between a transition's time and the reads before and after it, because clocks differ by a few
seconds.
"""


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield the states before and after each transition from the first state that happens by time."""
    del roles
    settled = None
    if setting.model.clock is None:
        settled = Verdict.NOT_APPLICABLE, "the API has no clock that an operator could move"
    for resource in setting.model.resources.values():
        reader = find_read(setting, resource)
        if reader is None or resource.made_by is None or resource.state is None:
            continue
        read, endpoint = reader
        for move in resource.moves_by_time:
            if move.origin_state != resource.initial:
                continue
            run = partial(_try, resource=resource, move=move, read=read)
            attempt = Attempt(together=run, cost=5, role=OPERATOR, writes=True)
            for detail, says, state in (
                ("before", f"{move.origin_state} until", move.origin_state),
                ("after", f"{move.to} after", move.to),
            ):
                yield Case(
                    endpoint,
                    f"a {resource.name} is {says} its {move.at}",
                    move.origin,
                    attempt,
                    f"{detail}/{resource.name}/{move.to}",
                    resource.cite,
                    settled,
                    about=state,
                )


def _try(trials: Sequence[Trial], resource: Resource, move: TimedMove, read: ActionCall) -> Conversation:
    setting, endpoint = trials[0].setting, trials[0].endpoint
    made_by = resource.made_by
    maker = setting.find_lead(str(made_by.action.name)) if made_by is not None else None
    if made_by is None or maker is None:
        return
    why = f"a {resource.name} that becomes {move.to} by itself"
    made: Exchange = yield Call(maker, made_by.input, "valid", why, fresh=True)
    body = at_path(made_by, made) if made.success else None
    left = _find_seconds_left(move, body, made)
    if not isinstance(body, Mapping) or left <= 2 * MARGIN_S:
        for trial in trials:
            yield trial.untested(f"no {resource.name} with time left was made: {made.outcome}")
        return
    why = f"a {resource.name} shortly before its {move.at}"
    look = Call(endpoint, read.input, "explore", why, subject=resource, made=body)
    for trial, seconds in zip(trials, (left - MARGIN_S, 2 * MARGIN_S), strict=True):
        passes = time_passes(setting, seconds)
        passed: Exchange | None = (yield passes) if passes is not None else None
        if passed is None or not passed.success:
            yield trial.untested("the clock could not be moved")
            return
        answer: Exchange = yield look
        yield _judge(trial, resource, at_path(read, answer) if answer.success else None, answer)


def _find_seconds_left(move: TimedMove, body: Any, made: Exchange) -> float:
    """Return the seconds until the transition; -1 if the body gives no time."""
    time = epoch(body.get(move.at)) if isinstance(body, Mapping) else math.nan
    return -1.0 if math.isnan(time) else time - made.sent_at


def _judge(trial: Trial, resource: Resource, body: Any, answer: Exchange) -> Judgement:
    """Judge the state in the answer of a read. If the read fails, other checks report that."""
    state = body.get(str(resource.state)) if isinstance(body, Mapping) else None
    if not isinstance(state, str):
        return trial.untested(f"no state was shown: {answer.outcome}")
    if state == trial.case.about:
        return trial.kept()
    return trial.broken(
        f"{resource.state} is {trial.case.about}", f"{resource.state} is {{state}}", state=state
    )


CHECK = make_check("moves_on_time", __doc__, cases, rank=Rank.WRONG)
