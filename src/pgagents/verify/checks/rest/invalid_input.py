"""A call that breaks one keyword of one argument's schema is refused with the code for invalid arguments.

Each keyword of each argument is broken once. If an error can name several fields, two arguments are broken in
one call. Each is broken alone only if the answer does not name both.

A keyword that only a very large text or list would break is not applicable. Where a document alone is known,
a value that frameworks convert to a right one, such as `"1"` to 1, is only coerced.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

from pgagents.report.contract import Rank, Verdict
from pgagents.verify.answers.refusal import OF_STATE, list_allowed_refusals, may_be_of_state
from pgagents.verify.cases.coercion import is_coerced
from pgagents.verify.cases.combined import Group, both, groups
from pgagents.verify.cases.generated import DrawnCall, find_wrong, list_drawn_calls, shrink
from pgagents.verify.cases.invalid import (
    invalid_cases_of,
    unmade_cases_of,
    withheld_cases_of,
)
from pgagents.verify.judgement import Judgement, conclude
from pgagents.verify.promise import AGAIN, RANDOM, Attempt, Attempts, Case, Trial, make_check
from pgagents.verify.setting import Setting
from pgagents.verify.wire.asking import ask
from pgagents.verify.wire.call import Call, format_arguments
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange, got

SEVERAL = "several"


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield a case for each keyword and argument of each endpoint, and one for two invalid arguments.

    A keyword that only a value too large to be sent would break is settled, as of `maxLength: 2147483647`.
    """
    del roles
    errors = setting.model.errors
    for endpoint in setting.every_endpoint:
        refuses = f"{endpoint.action.name} refuses a call where"
        for wrong in invalid_cases_of(setting, endpoint):
            says = f"{refuses} {wrong.promised or wrong.says}"
            yield Case(endpoint, says, wrong.origin, detail=wrong.detail, cite=wrong.cite)
        for held in withheld_cases_of(setting, endpoint).values():
            says, why = f"{refuses} {held.promised or held.says}", (Verdict.NOT_SELECTED, held.withheld)
            yield Case(endpoint, says, held.origin, detail=held.detail, cite=held.cite, settled=why)
        for unmade in unmade_cases_of(setting, endpoint).values():
            says, settled = f"{refuses} {unmade.says}", (Verdict.NOT_APPLICABLE, unmade.reason)
            yield Case(endpoint, says, unmade.origin, detail=unmade.detail, cite=unmade.cite, settled=settled)
        if any(len(group) > 1 for group in groups(setting, endpoint)):
            says = f"{refuses} two arguments are wrong, with {errors.field_of_several} at {errors.field_at}"
            yield Case(endpoint, says, ("errors", "field_of_several"), detail=SEVERAL)


def list_attempts(setting: Setting, roles: frozenset[str]) -> Attempts:
    """Yield attempts: first each keyword once on a surface, then each keyword and argument, then variants, so
    that a run with a small budget has tried each kind. The second kind is sent alone or in pairs.
    """
    del roles
    met: set[tuple[str, str]] = set()
    for endpoint in setting.usable:
        counts: dict[str, int] = {}
        """The number of attempts that each keyword and argument has so far."""
        alone: set[str] = set()
        """Endpoints whose answers did not name both errors of a pair: a further pair saves its joint call."""
        sent_with = {id(wrong): group for group in groups(setting, endpoint) for wrong in group}
        prints = _index_prints(setting, endpoint)
        for wrong in invalid_cases_of(setting, endpoint):
            counts[wrong.detail] = counts.get(wrong.detail, 0) + 1
            number, group = counts[wrong.detail], sent_with.get(id(wrong))
            if group is None:
                attempt = _attempt(wrong.call, wrong.says, 9, AGAIN, number, prints[id(wrong)])
                yield attempt, [(wrong.detail, endpoint.place)]
            elif wrong is group[0]:
                keywords = {(case.detail.partition("/")[0], endpoint.surface) for case in group}
                stage = 7 if keywords <= met else 5
                met |= keywords
                attempt = _attempt(wrong.call, wrong.says, stage, 1, number, prints[id(wrong)])
                details = [case.detail for case in group]
                if len(group) > 1:
                    run = partial(_send_pair, pair=group, alone=alone)
                    print = " ".join(prints[id(case)] for case in group)
                    attempt = replace(attempt, run=None, together=run, print=print)
                    details.append(SEVERAL)
                yield attempt, [(detail, endpoint.place) for detail in details]
        yield from _list_random(setting, endpoint, counts)


def _attempt(call: Call, says: str, stage: int, priority: int, number: int, print: str) -> Attempt:
    """Return the attempt of a call; `number` is its number among those of its keyword and argument."""
    suffix = f"#{number}" if number > 1 else ""
    run = partial(_send, call=call, says=says)
    return Attempt(run, stage=stage, priority=priority, print=print, suffix=suffix)


def _send(trial: Trial, call: Call, says: str) -> None:
    answer = trial.ask(call)
    conclude(_judge(trial, call, answer, says))


def _judge(
    trial: Trial, call: Call, answer: Exchange, says: str, wrong: Iterable[str] = ()
) -> Iterator[Judgement]:
    """Judge the answer to a wrong call. `wrong` are its wrong arguments, without them the call's field."""
    codes, statuses = list_allowed_refusals(trial.setting, call)
    fields = tuple(wrong) or (call.field,)
    if may_be_of_state(trial.setting, answer):
        yield trial.unseen(OF_STATE)
        return
    for judgement in trial.refused(answer, codes, f"a call where {says}", statuses):
        may_be = answer.success and trial.model.leaves_open
        coerced = may_be and all(is_coerced(trial.model, call, field) for field in fields)
        yield judgement.with_rank(Rank.COERCED) if coerced else judgement


def _send_pair(trials: Sequence[Trial], pair: Group, alone: set[str]) -> None:
    """Break two arguments in one call; the last trial is about naming both.

    `alone` collects endpoints whose answers did not name both errors.
    """
    *of_each, several = trials
    setting, endpoint, errors = several.setting, several.endpoint, several.model.errors
    if endpoint.place in alone:
        _send_one_by_one(of_each, pair)
        return
    call = both(setting, endpoint, pair)
    answer = ask(call)
    named, word = got(answer.body, errors.field_at or ""), errors.field_of_several
    if named == word and _all_kept(_judge(several, call, answer, "")):
        conclude(trial.kept() for trial in trials)
        return
    alone.add(endpoint.place)
    refused = _send_one_by_one(of_each, pair)
    # codes that may be answered instead of the one for invalid input, such as that an id is absent
    allowed = {code.name for wrong in pair for code in list_allowed_refusals(setting, wrong.call)[0]}
    others = allowed - setting.model.argument_codes(endpoint.action)
    if refused and not answer.void and not answer.tainted and answer.code not in others:
        expected, actual = f"{errors.field_at} is {word}", f"{answer.outcome}, {errors.field_at} is {named}"
        conclude(several.broken(expected, actual).with_rank(Rank.UNDOCUMENTED))


def _send_one_by_one(trials: Sequence[Trial], pair: Group) -> bool:
    """Judge each case alone; return True if all were refused and no answer had another error."""
    good = True
    for trial, wrong in zip(trials, pair, strict=True):
        answer = ask(replace(wrong.call, again=wrong is not pair[0]))
        judged = list(_judge(trial, wrong.call, answer, wrong.says))
        good = good and _all_kept(judged) and not answer.tainted
        conclude(judged)
    return good


def _all_kept(judged: Iterable[Judgement]) -> bool:
    verdicts = [judgement.verdict for judgement in judged]
    return bool(verdicts) and set(verdicts) == {Verdict.KEPT}


def _list_random(setting: Setting, endpoint: Endpoint, counts: dict[str, int]) -> Attempts:
    """Yield attempts with random invalid calls, under the contracts of their invalid arguments."""
    for drawn in list_drawn_calls(setting, endpoint, valid=False):
        details = [f"{keyword}/{name}" for name, keyword in drawn.wrong.items()]
        if not counts.keys() >= {*details}:  # no contract promises to refuse it
            continue
        counts[details[0]] += 1
        run = partial(_send_random, drawn=drawn)
        print = format_arguments(drawn.call.input)
        attempt = _attempt(drawn.call, "", 9, RANDOM, counts[details[0]], print)
        keys = [(detail, endpoint.place) for detail in dict.fromkeys(details)]
        yield replace(attempt, run=None, together=run), keys


def _send_random(trials: Sequence[Trial], drawn: DrawnCall) -> None:
    """Make a random invalid call. If the call is accepted, it is reduced before it is judged: a finding then
    shows what is wrong alone.
    """
    first = trials[0]

    def judge(answer: Exchange) -> list[Judgement]:
        arguments = answer.call.input
        wrong = find_wrong(first.setting, answer.call) or drawn.wrong
        name, keyword = next(iter(wrong.items()))
        trial = CHECK.find_trial(first.setting, first.endpoint.place, f"{keyword}/{name}")
        says = f"{name} is {repr(arguments[name])[:60]}" if name in arguments else f"{name} is left out"
        return list(_judge(trial, answer.call, answer, says, wrong)) if trial is not None else []

    def is_broken(answer: Exchange) -> bool:
        return any(judgement.verdict is Verdict.BROKEN for judgement in judge(answer))

    answer = ask(drawn.call)
    if is_broken(answer):
        answer = shrink(answer, first.template.input, is_broken, first.setting)
    conclude(judge(answer))


def _index_prints(setting: Setting, endpoint: Endpoint) -> Mapping[int, str]:
    """Return the text of `_format_call` for each invalid case of an endpoint, by the case's `id()`.

    The plan compares them, to send no call twice. They are made once for all runs.
    """
    cases = invalid_cases_of(setting, endpoint)
    texts = setting.compute_once(
        ("prints of invalid calls", endpoint.place), lambda: tuple(_format_call(case.call) for case in cases)
    )
    return dict(zip(map(id, cases), texts, strict=True))


def _format_call(call: Call) -> str:
    """Describe a call, to compare it with other calls of its action.

    The text has the call's reason, and its invalid argument or else all arguments.
    """
    names = [call.field.partition(".")[0]] if call.field else sorted(call.input)
    return (
        f"{call.why} "
        f"{[(n, v) for n in names if isinstance(v := call.input.get(n), str | int | float | bool | None)]}"
    )


CHECK = make_check(
    "invalid_input",
    __doc__,
    cases,
    attempts=list_attempts,
    tools=True,
    overlap="all",
    rank=Rank.LAX,
)
