"""An idempotency key is remembered for as long as the catalogue promises.

A call is repeated 60 s before the key's lifetime ends, and must have no second effect. Time passes by the
operator's clock. Nothing is promised about the time after.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from pgagents.report.contract import Contract, Verdict
from pgagents.verify.answers.replay import judge_replay, undo_first_call
from pgagents.verify.fixtures.request_template import ordinary, template_of, time_passes
from pgagents.verify.promise import Check, Conversation, Probe, judge_untested, promise
from pgagents.verify.setting import Setting
from pgagents.verify.wire.call import UniqueValue
from pgagents.verify.wire.endpoint import OPERATOR, Endpoint
from pgagents.verify.wire.exchange import Exchange

NAME = "idempotency_key_lifetime"
MARGIN_S = 60.0
"""Seconds before the end of a key's lifetime at which it is used again. No contract demands that it is
forgotten.
"""
STAGE = 9


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield one contract, for the first action that takes a key and makes an instance."""
    endpoint = _endpoint(setting)
    if endpoint is not None:
        lives_s = setting.model.idempotency.lives_s
        says = (
            f"a key of {endpoint.action.name} is remembered {lives_s:,} s: repeated {MARGIN_S:g} s "
            "before, the call has no second effect"
        )
        yield promise(NAME, "", endpoint, says, ("idempotency", "lives_s"), endpoint.action.cite)


def settle_contract(setting: Setting, contract: Contract) -> tuple[Verdict, str] | None:
    """Exclude the contract if the operator cannot move the API's clock."""
    del contract
    return (
        None
        if setting.model.clock is not None
        else (Verdict.NOT_APPLICABLE, "the API has no clock that an operator could move")
    )


def _endpoint(setting: Setting) -> Endpoint | None:
    told = setting.model.idempotency
    if told is None or (told.lives_s or 0) <= 2 * MARGIN_S:
        return None
    makers = (d for d in setting.endpoints if d.leads and d.action.idempotency)
    return next(
        (
            d
            for d in makers
            if (r := template_of(setting.model, d.action)).makes is not None and r.subject is None
        ),
        None,
    )


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Yield one probe: a call with a key, a wait by the clock, and the call again."""
    del roles
    endpoint = _endpoint(setting)
    if endpoint is not None and setting.model.clock is not None:
        contract = f"{NAME}/{endpoint.place}"
        yield Probe(
            contract,
            STAGE,
            (contract,),
            4,
            partial(_run, setting, endpoint, contract),
            (endpoint,),
            OPERATOR,
            True,
        )


def _run(setting: Setting, endpoint: Endpoint, contract: str) -> Conversation:
    lives_s = setting.model.idempotency.lives_s
    template = template_of(setting.model, endpoint.action)
    name = str(endpoint.action.idempotency)
    given = {**template.input, name: UniqueValue(once=True)}
    first: Exchange = yield ordinary(
        endpoint, template, "valid", "a call whose key is to be remembered", input=given, fresh=True
    )
    if first.success:
        yield from undo_first_call(setting, endpoint, first)
    wait = time_passes(setting, lives_s - MARGIN_S)
    assert wait is not None, "without a clock nothing is selected"
    passed: Exchange = yield wait
    if not first.success or not passed.success:
        yield judge_untested(
            contract, f"the first call was answered {first.outcome}, the clock {passed.outcome}"
        )
        return
    again = {k: first.input[k] for k in given if k in first.input}
    why = "the same call shortly before its key is forgotten"
    second: Exchange = yield ordinary(endpoint, template, "replay", why, input=again, made=first.subject)
    if second.sent_at - first.sent_at < lives_s - 2 * MARGIN_S:
        yield judge_untested(
            contract, f"the operator's clock was moved by {second.sent_at - first.sent_at:,.0f} s only"
        )
        return
    yield from judge_replay(setting, endpoint, contract, first, second)


CHECK = Check(
    NAME,
    __doc__,
    promises,
    probes=probes,
    settled=settle_contract,
)
