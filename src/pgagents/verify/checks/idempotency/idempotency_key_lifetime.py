"""An idempotency key is remembered for as long as the catalogue promises.

A call is repeated 60 s before the lifetime (`idempotency.lives_s`) ends, and must have no second effect. Time
passes by the operator's clock (`clock`). Nothing is promised about the time after: Stripe removes keys once
they are at least 24 hours old.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgagents.report.contract import Rank, Verdict
from pgagents.verify.answers.replay import judge_replay, undo_first_call
from pgagents.verify.fixtures.request_template import template_of, time_passes
from pgagents.verify.judgement import Untested, conclude
from pgagents.verify.promise import Attempt, Case, Trial, make_check
from pgagents.verify.setting import Setting
from pgagents.verify.wire.call import UniqueValue
from pgagents.verify.wire.endpoint import OPERATOR, Endpoint

MARGIN_S = 60.0
"""Seconds before the end of a key's lifetime at which it is used again, as a slow server needs some."""
STAGE = 9


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield one case, for the first action that takes a key and makes an instance, since a server has one
    store of keys, and each clock that is moved ages what other probes hold.
    """
    del roles
    endpoint = _choose_endpoint(setting)
    if endpoint is None:
        return
    lives_s = setting.model.idempotency.lives_s
    says = (
        f"a key of {endpoint.action.name} is remembered {lives_s:,} s: repeated {MARGIN_S:g} s "
        "before, the call has no second effect"
    )
    no_clock = Verdict.NOT_APPLICABLE, "the API has no clock that an operator could move"
    yield Case(
        endpoint,
        says,
        ("idempotency", "lives_s"),
        Attempt(_try, cost=4, role=OPERATOR, writes=True),
        settled=no_clock if setting.model.clock is None else None,
    )


def _choose_endpoint(setting: Setting) -> Endpoint | None:
    idempotency = setting.model.idempotency
    if idempotency is None or (idempotency.lives_s or 0) <= 2 * MARGIN_S:
        return None  # the calls themselves may take as long
    for endpoint in setting.endpoints:
        template = template_of(setting.model, endpoint.action)
        # a call about an instance would need that one to live as long
        makes = template.makes is not None and template.subject is None
        if endpoint.leads and endpoint.action.idempotency and makes:
            return endpoint
    return None


def _try(trial: Trial) -> None:
    lives_s = trial.model.idempotency.lives_s
    arguments = {**trial.template.input, str(trial.action.idempotency): UniqueValue(once=True)}
    why = "a call whose key is to be remembered"
    first = trial.ask(trial.call("valid", why, role="main", input=arguments, fresh=True))
    if first.success:
        undo_first_call(trial, first)  # else a full place such as a lot of Park Graph may be what refuses
    wait = time_passes(trial.setting, lives_s - MARGIN_S)
    assert wait is not None, "without a clock nothing is selected"
    passed = trial.ask(wait)
    if not first.success or not passed.success:
        raise Untested(f"the first call was answered {first.outcome}, the clock {passed.outcome}")
    again = {name: first.input[name] for name in arguments if name in first.input}
    why = "the same call shortly before its key is forgotten"
    second = trial.ask(trial.call("replay", why, role="main", input=again, made=first.subject))
    moved_s = second.sent_at - first.sent_at
    if moved_s < lives_s - 2 * MARGIN_S:
        raise Untested(f"the operator's clock was moved by {moved_s:,.0f} s only")
    conclude(judge_replay(trial, first, second))


CHECK = make_check("idempotency_key_lifetime", __doc__, cases, stage=STAGE, rank=Rank.WRONG)
