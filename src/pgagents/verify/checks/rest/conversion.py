"""Converting an instance into another, such as a reservation into a booking, occupies no second unit of
capacity.

The catalogue says that both count in one counter, and that the create of the second may name the first. The
counter is read before and after. The first instance is used up: undoing it frees nothing, and fails. A
success that frees nothing is only odd: the DELETE of many APIs succeeds for what is gone (RFC 9110, 9.2.2). A
wrong count is counted again once, because something else may have ended meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from pgagents.catalogue.model.resource import Resource, Takes
from pgagents.report.contract import Rank, Verdict
from pgagents.verify.answers.observation import read_counter
from pgagents.verify.fixtures.instance import at_path, say_none_made
from pgagents.verify.fixtures.request_template import ordinary, template_of
from pgagents.verify.judgement import Judgement, conclude
from pgagents.verify.plan.selection import others_too
from pgagents.verify.promise import Attempt, Case, Trial, make_check
from pgagents.verify.setting import Setting
from pgagents.verify.wire.asking import ask
from pgagents.verify.wire.call import Call, Own
from pgagents.verify.wire.endpoint import REST, Endpoint

ROUNDS = 2
"""A second round is for a wrong count: somebody else's instance may have ended during the first."""


@dataclass(frozen=True, slots=True)
class _Passing:
    """A conversion.

    `maker` makes `resource` from an instance of `first`, whose id is the argument `by`; both count in
    `takes`.
    """

    first: Resource
    resource: Resource
    maker: Endpoint
    by: str
    takes: Takes


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield cases for each conversion on REST: no second unit is occupied, and the first is used up.

    One attempt tries those of a conversion. The count needs an exclusive run, because others change it.
    """
    del roles
    uncounted = None if setting.exclusive else (Verdict.NOT_SELECTED, others_too(setting, "counts"))
    for passing in _list_passings(setting):
        first, takes, maker = passing.first, passing.takes, passing.maker
        name, origin = maker.action.name, (*passing.resource.origin, "takes")
        attempt = Attempt(together=partial(_try, passing=passing), cost=6, writes=True)
        says = f"{name} with a {first.name} takes no second {takes.counter} of the {takes.of}"
        detail = f"one_space/{first.name}"
        yield Case(maker, says, origin, attempt, detail, first.cite, uncounted, about="one_space")
        if first.undone_by is not None:
            says = f"a {first.name} that {name} has used is no longer there to be undone"
            yield Case(maker, says, origin, attempt, f"used_up/{first.name}", first.cite, about="used_up")


def _list_passings(setting: Setting) -> Iterator[_Passing]:
    for resource in setting.model.resources.values():
        made_by, takes = resource.made_by, resource.takes
        if takes is None or made_by is None:
            continue
        for endpoint in setting.list_calling(made_by.action):
            for param in endpoint.params if endpoint.leads else ():
                first = setting.model.resources.get(param.refers_to or "")
                # a required one is what the second stands in, as a lot, and is not used up
                if first is None or first is resource or first.made_by is None or param.required:
                    continue
                if _counts_alike(first.takes, takes):
                    yield _Passing(first, resource, endpoint, str(param.name), takes)


def _counts_alike(first: Takes | None, takes: Takes) -> bool:
    counts = (takes.of, takes.counter, takes.read_by)
    return first is not None and (first.of, first.counter, first.read_by) == counts


def _try(trials: Sequence[Trial], passing: _Passing) -> None:
    """Make the first, count, convert it, count, and try to undo the first."""
    judged: list[Judgement] = []
    for _ in range(ROUNDS):
        judged = _round({trial.case.about: trial for trial in trials}, passing)
        if not any(judgement.verdict is Verdict.BROKEN for judgement in judged):
            break
    conclude(judged)


def _choose_arguments(passing: _Passing, instance: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of the call that converts an instance: its members, as a session is in the lot of
    its hold, and usual values.
    """
    usual = passing.resource.made_by.input if passing.resource.made_by is not None else {}
    params = {str(param.name): param for param in passing.maker.params}
    lacking = {name for name, param in params.items() if param.required and name not in instance}
    arguments = {name: value for name, value in usual.items() if name in lacking}
    arguments |= {
        name: instance[name]
        for name, param in params.items()
        if name in instance and (param.required or param.refers_to)
    }
    return {**arguments, passing.by: passing.first.id_of(instance)}


def _round(trials: Mapping[str, Trial], passing: _Passing) -> list[Judgement]:
    """Convert and count once; return the verdicts."""
    setting, first = next(iter(trials.values())).setting, passing.first
    counted, used = (trials.get(about) for about in ("one_space", "used_up"))
    others = [trial for trial in (counted, used) if trial is not None]
    assert first.made_by is not None
    maker = setting.find_lead(str(first.made_by.action.name))
    if maker is None:
        return [trial.untested(f"{first.made_by.action.name} is not on {REST}") for trial in others]
    template = template_of(setting.model, maker.action)
    made = ask(
        ordinary(
            maker,
            template,
            "valid",
            f"a {first.name} to hand over",
            input={**template.input, **first.made_by.input},
            fresh=True,
        )
    )
    instance = at_path(first.made_by, made) if first.made_by.at is not None and made.success else None
    if not isinstance(instance, Mapping) or not made.fits:
        return [trial.untested(say_none_made(first, made)) for trial in others]
    ask(Own(made.number))  # a run uses up only what it made
    before = read_counter(setting, first, instance)
    arguments = _choose_arguments(passing, instance)
    why = f"a {passing.resource.name} with a {first.name}"
    answer = ask(Call(passing.maker, arguments, "explore", why, subject=first, made=instance))
    judged: list[Judgement] = []
    if not answer.success:
        reason = f"no {passing.resource.name} was made with it: {answer.outcome}"
        return [trial.untested(reason) for trial in others]
    after = read_counter(setting, first, instance)
    if counted is not None:
        judged.append(_judge_count(counted, passing, before, after))
    if used is not None:
        judged.append(_judge_undoing(used, passing, instance, after))
    return judged


def _judge_count(trial: Trial, passing: _Passing, before: int | None, after: int | None) -> Judgement:
    takes = passing.takes
    if before is None or after is None:
        return trial.untested(f"{takes.read_by.name} returned no {takes.counter}")
    if before == after:
        return trial.kept()
    expected = f"{takes.counter} {before}, as the {passing.first.name} had it already"
    return trial.broken(expected, f"{takes.counter} {{after}}", after=after)


def _judge_undoing(
    trial: Trial, passing: _Passing, instance: Mapping[str, Any], before: int | None
) -> Judgement:
    """Judge that undoing the used instance is refused. Other checks judge the code of the refusal."""
    first = passing.first
    assert first.undone_by is not None
    undo = first.undone_by.action.name
    endpoint = trial.setting.find_lead(str(undo))
    if endpoint is None:
        return trial.untested(f"{undo} is not on {REST}")
    why = f"to undo a {first.name} that a {passing.resource.name} has used"
    answer = trial.ask(Call(endpoint, first.undone_by.input, "illegal", why, subject=first, made=instance))
    if answer.void or answer.unsound or answer.status >= 500:
        return trial.untested(f"it could not be tried: {answer.outcome}")
    if answer.success:
        broken = trial.broken(f"{undo} of a used {first.name} is refused", answer.outcome)
        after = read_counter(trial.setting, first, instance)
        said = first.missing_in(first.undone_by.action) is not None
        return replace(broken, odd=not said and (before is None or after is None or after <= before))
    return trial.kept()


CHECK = make_check("conversion", __doc__, cases, stage=4, rank=Rank.WRONG)
