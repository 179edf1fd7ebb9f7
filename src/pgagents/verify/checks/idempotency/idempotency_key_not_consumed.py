"""A refused call does not use up its idempotency key: a valid call with that key succeeds.

One key is sent with a call refused for each reason, then with a valid one. Only if the valid call is refused
is each reason tried alone. The key is to blame for a refusal without a conflict if another key works.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from pgagents.report.contract import Rank
from pgagents.verify.answers.replay import is_key_conflict, void
from pgagents.verify.cases.invalid import invalid_cases_of
from pgagents.verify.fixtures.request_template import ordinary, template_of
from pgagents.verify.promise import (
    Attempt,
    Case,
    Judgement,
    Trial,
    allows_either,
    conclude,
    make_check,
)
from pgagents.verify.setting import Setting
from pgagents.verify.wire.call import Call, UniqueValue
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield one case for each status that does not use up a key, if a call of the chosen action can provoke
    it.
    """
    del roles
    endpoint = _choose_endpoint(setting)
    refusals = _refusals(setting, endpoint) if endpoint is not None else {}
    attempt = Attempt(together=_try, cost=len(refusals) + 2, writes=True)
    for status, call in refusals.items():
        assert endpoint is not None
        says = f"{endpoint.action.name} answered {status} ({call.why}) does not use up its idempotency key"
        yield Case(
            endpoint, says, ("idempotency", "not_used_up_by"), attempt, str(status), about=(status, call)
        )


def _choose_endpoint(setting: Setting) -> Endpoint | None:
    """Return the REST action with an idempotency key to which most kinds of refusals apply."""

    def choose() -> Endpoint | None:
        endpoints = [e for e in setting.endpoints if e.leads and e.action.idempotency]
        return max(endpoints, key=lambda endpoint: len(_refusals(setting, endpoint)), default=None)

    return setting.compute_once("idempotency_key_not_consumed", choose)


def _refusals(setting: Setting, endpoint: Endpoint) -> Mapping[int, Call]:
    """Return calls by the status that they provoke.

    They are invalid, or name an instance that is absent or in the wrong state.
    """
    told, model = setting.model.idempotency, setting.model
    spared = set(told.not_used_up_by) if told is not None else set()
    template = template_of(model, endpoint.action)
    found: dict[int, Call] = {}
    wrong = next(
        (n for n in invalid_cases_of(setting, endpoint) if n.priority == 1 and n.field in _plain(endpoint)),
        None,
    )
    if wrong is not None:
        found[model.invalid_in(endpoint.action).status] = replace(wrong.call, why="it is wrong")
    for param in endpoint.params:
        resource = model.resources.get(param.refers_to or "")
        missing = resource.missing_for(param) if resource is not None else None
        if resource is not None and resource.absent is not None and missing and param.required:
            given = {**template.input, str(param.name): resource.find_absent_value(param)}
            found[missing.status] = ordinary(endpoint, template, "absent", "it is about nothing", input=given)
    for move in template.subject.moves if template.subject is not None else ():
        others = (
            tuple(s for s in template.subject.states if s not in move.origin_states)
            if template.subject is not None
            else ()
        )
        if move.action is endpoint.action and others:
            call = ordinary(
                endpoint,
                template,
                "illegal",
                f"it is about what is {others[0]}",
                states=others[:1],
                fresh=True,
            )
            found[move.otherwise.status] = call
    return {status: call for status, call in found.items() if status in spared}


def _plain(endpoint: Endpoint) -> set[str]:
    return {str(p.name) for p in endpoint.params if p.name != endpoint.action.idempotency and p.required}


def _try(trials: Sequence[Trial]) -> None:
    refusals = dict(trial.case.about for trial in trials)
    statuses, answer = _send_with_key(trials[0], refusals)
    for trial in trials:
        status, refusal = trial.case.about
        if status not in statuses or void(answer):
            conclude(trial.untested(f"it was answered otherwise; the right call: {answer.outcome}"))
        elif answer.success:
            conclude(trial.kept())
        elif is_key_conflict(trial.model, answer) or _succeeds_with_another_key(trial, answer):
            came, alone = _send_with_key(trial, {status: refusal})
            if came and not void(alone) and not alone.success:
                conclude(_judge_used(trial, status, alone))
            elif alone.success:
                conclude(trial.kept())
        else:
            conclude(trial.untested(f"the right call was answered {answer.outcome}"))


def _judge_used(trial: Trial, status: int, alone: Exchange) -> Judgement:
    """Judge a right call that was refused with the key of a refused one.

    The calls before may be the reason, as one of them may have taken a value. Then the call is refused with a
    new key, too.
    """
    if not is_key_conflict(trial.model, alone) and not _succeeds_with_another_key(trial, alone):
        return trial.untested(f"the right call was refused with another key, too: {alone.outcome}")
    return trial.broken(f"a key that came with a call answered {status} is still unused", alone.outcome)


def _succeeds_with_another_key(trial: Trial, refused: Exchange) -> bool:
    """True if a refused call succeeds with a new key, so that the old key was the reason."""
    if refused.status not in range(400, 500) or refused.limited:
        return False
    _, answer = _send_with_key(trial, {})
    return answer.success


def _send_with_key(trial: Trial, refusals: Mapping[int, Call]) -> tuple[set[int], Exchange]:
    """Send the refused calls and a valid one with the same key.

    Return the statuses that came as expected, and the last exchange.
    """
    key, name, statuses = UniqueValue(once=True), str(trial.action.idempotency), set()
    for status, call in refusals.items():
        why = f"with a key, and {call.why}"
        refused = trial.ask(replace(call, input={**call.input, name: key}, why=why))
        if refused.status == status or allows_either(trial.model, refused.status, status):
            statuses.add(status)
    arguments = {**trial.template.input, name: key}
    why = "the key of refused calls, rightly"
    answer = trial.ask(trial.call("explore", why, input=arguments, fresh=True))
    return statuses, answer


CHECK = make_check("idempotency_key_not_consumed", __doc__, cases, stage=5, rank=Rank.WRONG)
