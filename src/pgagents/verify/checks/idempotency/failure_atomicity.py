"""A call that the operator makes fail is answered with its code, changes nothing, and succeeds when repeated
with its idempotency key.

The operator provokes failures as the catalogue describes for a code and an action (`provoked_by`). The
instance or list is read before and after. The call is only repeated where `not_used_up_by` names the code's
status: "safe to retry" is what Park Graph says of its 502.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from pgagents.catalogue.model.action import ActionCall
from pgagents.catalogue.model.answers import Code
from pgagents.catalogue.model.resource import Resource
from pgagents.report.contract import Rank, Verdict
from pgagents.verify.answers.observation import change, find_resource, read_counter, reread
from pgagents.verify.fixtures.instance import list_items, names_no_instance
from pgagents.verify.fixtures.request_template import template_of
from pgagents.verify.judgement import Judgement, Untested, conclude
from pgagents.verify.plan.selection import fails_others, others_too
from pgagents.verify.promise import Attempt, Case, Trial, make_check
from pgagents.verify.setting import Setting
from pgagents.verify.wire.asking import ask
from pgagents.verify.wire.call import Call, InstanceRef, UniqueValue
from pgagents.verify.wire.endpoint import OPERATOR, Endpoint
from pgagents.verify.wire.exchange import UNAVAILABLE, Exchange

TOLD, NOTHING, AGAIN = "told", "nothing", "again"
"""The subjects of a failure's cases: its code, what it left unchanged, and the call repeated with its key."""
SENT_AGAIN = f"verify sends a call again that is answered {UNAVAILABLE}, which uses the failure up"
MOST_TRIES = 4
"""The most times that a call is repeated when it was refused for another reason than the provoked failure:
a lot of Park Graph that is full stays full, and each call is one of the budget.
"""


@dataclass(frozen=True, slots=True)
class ProvokedFailure:
    """A REST action that the operator can cause to fail with a code."""

    code: Code
    endpoint: Endpoint
    provoke: ActionCall

    @property
    def of_ours(self) -> bool:
        """True if it is provoked for one of our instances, and not for anyone's next call."""
        values = self.provoke.input.values()
        return any(set(getattr(value, "names", ())) - {"env", "now"} for value in values)

    @property
    def action(self) -> str:
        """The name of the action that fails."""
        return str(self.endpoint.action.name)


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield the cases of each failure: its code is answered, it changes nothing, and the call can be
    repeated. Whose next call would fail, or whose list may grow, is tried in an exclusive run only.
    """
    del roles
    known = setting.model.idempotency
    for failure in _list_failures(setting):
        code, template = failure.code, template_of(setting.model, failure.endpoint.action)
        attempt = Attempt(
            together=partial(_try, failure=failure),
            cost=6,
            role=OPERATOR,
            writes=True,
        )
        next_of_any = not setting.exclusive and not failure.of_ours
        settled = (Verdict.NOT_SELECTED, fails_others(setting)) if next_of_any else None
        if code.status == UNAVAILABLE:
            settled = Verdict.NOT_APPLICABLE, SENT_AGAIN
        origin = (*code.origin, "provoked_by", failure.action)
        case = partial(Case, failure.endpoint, attempt=attempt, cite=code.cite)
        says = f"{failure.action} that is made to fail is answered {code.status} {code.name}"
        yield case(says, origin, detail=f"{TOLD}/{code.name}", settled=settled, about=TOLD)
        if _shows_change(setting, failure):
            says = f"{failure.action} answered with {code.name} has changed nothing"
            lists = template.makes is not None and not setting.exclusive
            others = (Verdict.NOT_SELECTED, others_too(setting, "lists")) if lists else None
            yield case(
                says, origin, detail=f"{NOTHING}/{code.name}", settled=settled or others, about=NOTHING
            )
        keyed = failure.endpoint.action.idempotency and known is not None
        if keyed and code.status in known.not_used_up_by:
            says = f"{failure.action} answered with {code.name} works when it is made again with its key"
            origin = ("idempotency", "not_used_up_by")
            yield case(says, origin, detail=f"{AGAIN}/{code.name}", settled=settled, about=AGAIN)


def _list_failures(setting: Setting) -> Iterator[ProvokedFailure]:
    """Yield each failure that the catalogue says how to provoke."""
    for code in setting.model.codes.values():
        for action, provoke in code.provoked_by.items():
            endpoint = setting.find_lead(action)
            if endpoint is not None:
                yield ProvokedFailure(code, endpoint, provoke)


def _shows_change(setting: Setting, failure: ProvokedFailure) -> bool:
    """True if a change would show: on the list of what the action makes, or on the instance that it
    changes.
    """
    template = template_of(setting.model, failure.endpoint.action)
    if template.makes is not None:
        return _find_list_call(setting, template.makes) is not None
    return template.subject is not None and bool(template.subject.read_by)


def _find_list_call(setting: Setting, resource: Resource) -> Call | None:
    """Return a list call whose arguments depend on no instance, or None."""
    for call in resource.listed_by:
        endpoint = setting.find_lead(str(call.action.name))
        if endpoint is not None and call.at is not None and names_no_instance(call):
            # the list as another probe read it will do before the failure: it saves a call
            return Call(endpoint, call.input, "valid", f"each {resource.name} there is", reuse="unchanged")
    return None


# -- the failure, which the operator causes


def _try(trials: Sequence[Trial], failure: ProvokedFailure) -> None:
    """Read, provoke the failure, call, read again, and repeat the call."""
    tried = {trial.case.about: trial for trial in trials}
    failing, nothing = tried[TOLD], tried.get(NOTHING)
    template = failing.template
    subject: Mapping[str, Any] | None = None
    if template.subject is not None:
        subject = ask(InstanceRef(template.subject.name, template.states, fresh=True))
    before = _read_state(nothing, subject) if nothing is not None else None
    call, free = _choose_place(failing, _prepare_call(failing, subject))
    if free == 0:
        # the call would be refused for that reason, and another check's call would fail instead
        raise Untested("there is no room for what it makes")
    provoked = ask(_make_provoking_call(failing, failure, call))
    if not provoked.success:
        raise Untested(f"the operator's call was answered {provoked.outcome}")
    failed = ask(call)
    if _is_refused_otherwise(failure, failed):
        waits = _spend(failing, failure, subject)
        why = "refused because of the current state" if failed.is_conflict else "it did not fail"
        raise Untested(f"{why}: {failed.outcome}{waits}")
    conclude(failing.refused(failed, [failure.code], f"{failure.action} that is made to fail"))
    if failed.success or failed.void:
        for trial in trials:
            if trial is not failing:
                conclude(trial.untested(f"it did not fail: {failed.outcome}"))
        return
    if nothing is not None:
        _judge_state(nothing, before, failed)
    if AGAIN in tried:
        why = "the same call with its key, after a failure"
        again = ask(replace(call, why=why, input=dict(failed.sent), made=failed.subject))
        conclude(_judge_retry(tried[AGAIN], again))


def _prepare_call(trial: Trial, subject: Mapping[str, Any] | None) -> Call:
    """Return the call that will fail, with a new idempotency key."""
    name, template = trial.action.idempotency, trial.template
    arguments = {**template.input, **({name: UniqueValue(once=True)} if name else {})}
    why = f"{trial.action.name} that is made to fail"
    return trial.call("explore", why, input=arguments, made=subject, role="main", fresh=True)


def _choose_place(trial: Trial, call: Call) -> tuple[Call, int | None]:
    """Return the call at a place whose capacity is counted, such as a lot of Park Graph, with what is free
    there; None if nothing counts it, or others may occupy it, too.
    """
    makes = trial.template.makes
    if makes is None or makes.takes is None or not trial.setting.exclusive:
        return call, None
    place = trial.ask(InstanceRef(makes.takes.of))
    id = place.get(trial.model.resources[makes.takes.of].id)
    return replace(call, bind={makes.takes.of: place}), read_counter(
        trial.setting, makes, {makes.takes.by: id}
    )


def _make_provoking_call(trial: Trial, failure: ProvokedFailure, call: Call) -> Call:
    """Return the operator's call that causes the action's next call to fail."""
    action = failure.provoke.action
    return Call(
        Endpoint(action, OPERATOR, None, f"{action.name}@{OPERATOR}"),
        failure.provoke.input,
        "explore",
        f"{failure.action} is to fail",
        role=OPERATOR,
        subject=trial.template.subject,
        made=call.made,
        surface=OPERATOR,
    )


def _is_refused_otherwise(failure: ProvokedFailure, answer: Exchange) -> bool:
    """True if the call was refused for another reason, such as a lot of Park Graph that is full, so that the
    provoked failure will hit the next call.
    """
    provoked = answer.status in (failure.code.status, 0)
    return not provoked and (answer.busy or answer.is_conflict)


def _spend(trial: Trial, failure: ProvokedFailure, subject: Mapping[str, Any] | None) -> str:
    """Repeat the call until it meets the provoked failure, which would otherwise hit another check's call.

    Return a warning if that fails, else an empty text.
    """
    for _ in range(MOST_TRIES):
        call = _prepare_call(trial, subject)
        answer = trial.ask(replace(call, why=f"{call.why}, so that no other call is"))
        if not _is_refused_otherwise(failure, answer):
            return ""
    return f"; {failure.code.name} may still meet another {failure.action}"


# -- what it changed, and the call repeated


def _read_state(trial: Trial, instance: Mapping[str, Any] | None) -> Any:
    """Return the ids of the list, or the body of the instance; None if it could not be read."""
    makes, subject = trial.template.makes, trial.template.subject
    if makes is not None:
        return _read_ids(trial, makes)
    if subject is None or instance is None:
        return None
    call = reread(trial.setting, subject, instance, "before a failure")
    answer: Exchange | None = trial.ask(call) if call is not None else None
    return find_resource(subject, answer) if answer is not None else None


def _read_ids(trial: Trial, resource: Resource) -> set[Any] | None:
    call = _find_list_call(trial.setting, resource)
    answer: Exchange | None = trial.ask(call) if call is not None else None
    items = list_items(resource, answer) if answer is not None and answer.success else None
    return {resource.id_of(item) for item in items} if items is not None else None


def _judge_state(trial: Trial, before: Any, failed: Exchange) -> None:
    """Judge that the list has nothing new (something may have ended meanwhile), or that the instance is what
    it was before the failure.
    """
    makes, subject = trial.template.makes, trial.template.subject
    expected = f"nothing is changed by {failed.outcome}"
    after = _read_ids(trial, makes) if makes is not None else None
    if before is None or (makes is not None and after is None):
        conclude(trial.untested("what it was about could not be read"))
    elif makes is not None and after is not None:
        new = len(after - before)
        claim = f"{{new}} more {makes.name}"
        conclude(trial.broken(expected, claim, new=new) if new else trial.kept())
    elif subject is not None:
        changed = change(trial.setting, subject, before, "after a failure")
        if changed is None:
            conclude(trial.untested("what it was about could not be read"))
        else:
            conclude(trial.broken(expected, changed) if changed else trial.kept())


def _judge_retry(trial: Trial, again: Exchange) -> Iterator[Judgement]:
    if again.void or again.unsound:  # silence, or what `documented_status` judges
        return
    if again.success:
        yield trial.kept()
    else:
        yield trial.broken("the same call with its key succeeds", again.outcome)


CHECK = make_check("failure_atomicity", __doc__, cases, rank=Rank.WRONG)
