"""A call refused with a status of `idempotency.not_used_up_by` leaves its key unused: a valid call of one
action succeeds with it.

One key is sent with a call for each status, then with a valid call: a status alone would take two calls of
`--max-requests`. Only if that is refused is each status tried alone, and the key is to blame if another key
works.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from pgagents.report.contract import Rank
from pgagents.verify.answers.replay import void
from pgagents.verify.cases.invalid import invalid_cases_of
from pgagents.verify.fixtures.request_template import ordinary, template_of
from pgagents.verify.judgement import Judgement, allows_either, conclude
from pgagents.verify.promise import Attempt, Case, Trial, make_check
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
    """Return the action with an idempotency key to which most kinds of refusals apply.

    One is enough, because a server keeps the keys of all actions in one place.
    """

    def choose() -> Endpoint | None:
        endpoints = [e for e in setting.endpoints if e.leads and e.action.idempotency]
        return max(endpoints, key=lambda endpoint: len(_refusals(setting, endpoint)), default=None)

    return setting.compute_once("idempotency_key_not_consumed", choose)


def _refusals(setting: Setting, endpoint: Endpoint) -> Mapping[int, Call]:
    """Return a call for each status that calls can provoke: an invalid one (not by its key, which is the one
    to be sent), or one about what is `absent` or, by `moves`, in the wrong state.
    """
    told, model = setting.model.idempotency, setting.model
    spared = set(told.not_used_up_by) if told is not None else set()
    template = template_of(model, endpoint.action)
    found: dict[int, Call] = {}
    wrong = next(
        (n for n in invalid_cases_of(setting, endpoint) if n.field != str(endpoint.action.idempotency)), None
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
        if move.action is endpoint.action and others and move.otherwise is not None:
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


def _try(trials: Sequence[Trial]) -> None:
    refusals = dict(trial.case.about for trial in trials)
    statuses, answer = _send_with_key(trials[0], refusals)
    for trial in trials:
        status, refusal = trial.case.about
        if status not in statuses or void(answer):
            conclude(trial.untested(f"it was answered otherwise; the right call: {answer.outcome}"))
        elif answer.success:
            conclude(trial.kept())
        else:
            conclude(_judge_alone(trial, status, refusal))


def _judge_alone(trial: Trial, status: int, refusal: Call) -> Judgement:
    """Judge the right call with the key of this refused call alone.

    What the API holds may be why it is refused, such as a car park that is full. Then a new key is refused,
    too.
    """
    came, alone = _send_with_key(trial, {status: refusal})
    if not came or void(alone):
        return trial.untested(f"it was answered otherwise; the right call: {alone.outcome}")
    if alone.success:
        return trial.kept()
    _, control = _send_with_key(trial, {})
    if not control.success:
        return trial.untested(f"the right call was refused with another key, too: {alone.outcome}")
    return trial.broken(f"a key that came with a call answered {status} is still unused", alone.outcome)


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
