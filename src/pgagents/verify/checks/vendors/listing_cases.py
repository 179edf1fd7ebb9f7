"""The test cases of a store listing have the results that the catalogue gives.

A positive case (`surfaces.openai.cases`) is tried twice, as a store's reviewer repeats what failed, through
the tools of the MCP server and before the run makes anything. The second round has the other order, which a
reviewer is free to choose, and the effects of each case are undone before the next one. A negative case is
about a task that no tool mentions, a refused call, or hints because of which a host asks first. A model's
choice of tools is not judged.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from pgagents.base.cel.expression import Scope
from pgagents.base.cel.syntax import ExpressionError
from pgagents.base.text import find_word
from pgagents.catalogue.model import listing
from pgagents.catalogue.model.listing import CaseCall, list_cases
from pgagents.generate.actions import find_name
from pgagents.report.contract import Rank
from pgagents.verify.cases.workflow_steps import evaluate_input
from pgagents.verify.judgement import Judgement, Untested, conclude
from pgagents.verify.laws import format_read, values_of
from pgagents.verify.plan.order import PRISTINE
from pgagents.verify.promise import Attempt, Attempts, Case, Trial, make_check
from pgagents.verify.setting import Setting
from pgagents.verify.tools import read_pages
from pgagents.verify.wire.asking import ask
from pgagents.verify.wire.call import Call, Intent, Sleep, Undo
from pgagents.verify.wire.endpoint import MCP
from pgagents.verify.wire.exchange import Exchange

TEXTS = ("name", "title", "description")
AGAIN = " the second time"
PAUSE_S = 0.5


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield one case for each test case."""
    del roles
    for case in list_cases(setting.model) if setting.tools else ():
        detail, says = f"{case.store}/{case.name}", f"{case.store}: {_describe(case)}"
        yield Case(None, says, case.origin, detail=detail, about=case, place=f"@{MCP}")


def _describe(case: listing.Case) -> str:
    """Describe a case's promise in one line."""
    if case.kind == "positive":
        tools = ", ".join(call.name for call in case.calls)
        return f"“{case.prompt}” is answered by {tools}, as expected"
    if case.kind == "refused":
        code = case.code.name if case.code else ""
        return f"“{case.prompt}” is refused by {case.calls[0].name} with {code}"
    if case.kind == "asks_first":
        return f"“{case.prompt}” needs {case.action.name if case.action else ''}, whose hints let a host ask"
    return f"“{case.prompt}” is nothing that a tool speaks of"


def attempts(setting: Setting, roles: frozenset[str]) -> Attempts:
    """Yield each case that calls tools, in two rounds with orders of their own.

    One more attempt reads the list of tools for the other cases.
    """
    del roles
    every = list(list_cases(setting.model)) if setting.tools else []
    calling = [case for case in every if case.calls]
    random.Random(f"{setting.seed}-{listing.CHECK}").shuffle(calling)
    for words, several in (("first", calling), ("second", calling[::-1])):  # each pair is in both orders
        for case in several:
            yield _make_attempt(setting, case, words), [(f"{case.store}/{case.name}", f"@{MCP}")]
    others = [(f"{case.store}/{case.name}", f"@{MCP}") for case in every if not case.calls]
    if others:
        probe = f"{listing.CHECK}/list@{MCP}"
        yield Attempt(together=_try_listed, stage=1, role="", probe=probe), others


def _make_attempt(setting: Setting, case: listing.Case, words: str) -> Attempt:
    """Return one round of a case; a round that succeeds needs as many requests again to undo its writes."""
    endpoints = (setting.endpoint(str(call.action.name), MCP) for call in case.calls)
    by_place = {endpoint.place: endpoint for endpoint in endpoints if endpoint is not None}
    writes = sum(call.action.effect == "write" for call in case.calls) if case.is_positive else 0
    when = AGAIN if words == "second" else ""
    return Attempt(
        partial(_try_positive, when) if case.is_positive else _try_refused,
        stage=PRISTINE,
        cost=len(case.calls) + writes,
        writes=case.writes,
        endpoints=tuple(by_place.values()),
        probe=f"{listing.CHECK}/{case.store}/{case.name}/{words}@{MCP}",
    )


def _try_listed(trials: Sequence[Trial]) -> None:
    """Read the server's list of tools, and judge each case by it."""
    listing = read_pages(trials[0].setting)
    tools = [tool for tool in listing.tools if isinstance(tool, Mapping)]
    for trial in trials:
        if reason := listing.unread or listing.problem:
            conclude(trial.untested(reason))
        else:
            asks = trial.case.about.kind == "asks_first"
            conclude(_judge_hints(trial, tools) if asks else _judge_words(trial, tools))


def _judge_words(trial: Trial, tools: list[Mapping[str, Any]]) -> Judgement:
    words = trial.case.about.words
    for tool in tools:
        for key in TEXTS:
            text = tool.get(key)
            spoken = [word for word in words if isinstance(text, str) and find_word(word, text)]
            if spoken:
                expected = f"no tool that speaks of {' or '.join(words)}"
                return trial.broken(expected, f"the {key} of {tool.get('name')} speaks of {spoken[0]}")
    return trial.kept()


def _judge_hints(trial: Trial, tools: list[Mapping[str, Any]]) -> Judgement:
    """Judge that the tool's annotations announce a permanent change, so that a host asks the user."""
    action = trial.case.about.action
    name = str(find_name(trial.model.surfaces[MCP], action))
    tool = next((tool for tool in tools if tool.get("name") == name), None)
    expected = f"{name} with readOnlyHint: false and destructiveHint: true, by which a host asks first"
    if tool is None:
        return trial.broken(expected, f"{name} is not listed")
    hints = tool.get("annotations")
    hints = hints if isinstance(hints, Mapping) else {}
    for hint, wanted in (("readOnlyHint", False), ("destructiveHint", True)):
        if hints.get(hint) is not wanted:
            value = str(hints[hint]).lower()[:40] if hint in hints else "missing"
            return trial.broken(expected, f"{hint} of {name} is {{value}}", value=value)
    return trial.kept()


CHECK = make_check(
    listing.CHECK,
    __doc__,
    cases,
    attempts=attempts,
    tools=True,
    rank=Rank.WRONG,
)


# -- the calls of a store listing's test case.
#
# If another check finds a problem in an answer, the case is broken too, because a reviewer would see it.


@dataclass(slots=True)
class _Round:
    """One round of a case: the answers so far by the calls' names, and the arguments of the last call.

    `since` is the number of the first successful write; 0 before there is one. `when` names the round at the
    end of a finding's sentence.
    """

    trial: Trial
    when: str
    answers: dict[str, Any] = field(default_factory=dict)
    since: int = 0
    read: dict[str, Any] = field(default_factory=dict)

    def fill(self, call: CaseCall) -> dict[str, Any]:
        """Return the arguments of a call. Raises ExpressionError if one cannot be evaluated."""
        scope = Scope({"env": self.trial.model.env, "now": 0.0, **self.answers})
        return {name: evaluate_input(value, scope) for name, value in call.arguments.items()}

    def note(self, call: CaseCall, exchange: Exchange) -> None:
        """Remember an answer, for later arguments and for the conditions."""
        values = values_of(self.trial.model, exchange)
        self.read = {name: values[name] for name in ("env", "now", "input", "response")}
        self.answers[call.name] = {name: values[name] for name in ("input", "response")}

    @property
    def case(self) -> listing.Case:
        """The test case."""
        case: listing.Case = self.trial.case.about
        return case

    @property
    def values(self) -> dict[str, Any]:
        """The variables that conditions can read."""
        return {**self.read, **self.answers}


def _try_positive(when: str, trial: Trial) -> None:
    """Make the calls of a case one after the other, judge its conditions, and undo its changes."""
    state = _Round(trial, when)
    judgement = _make_calls(state)
    conclude(judgement)
    if state.since:
        trial.ask(Undo(state.since))


def _make_calls(state: _Round) -> Judgement:
    """Make the calls up to the first that fails; return the verdict."""
    case, trial = state.case, state.trial
    for index, call in enumerate(case.calls):
        try:
            arguments = state.fill(call)
        except ExpressionError as error:
            expected = f"arguments for {call.name} from the answers before"
            return trial.broken(expected, f"they have no value{state.when}: {error}")
        last = index == len(case.calls) - 1
        within_s = _find_wait(case, index) if last else 0.0
        answer = _repeat_until_held(state, call, arguments, within_s)
        if answer.success and call.action.effect == "write":
            state.since = state.since or answer.number
        if answer.void:
            return trial.untested(answer.moot or answer.outcome, sticky=True)
        if not answer.success:
            return trial.broken(f"{call.name} succeeds", f"{answer.outcome}{state.when}")
    return _judge_conditions(state)


def _repeat_until_held(
    state: _Round, call: CaseCall, arguments: Mapping[str, Any], within_s: float
) -> Exchange:
    """Make a call, and repeat it as long as a `job` may change its answer; return the last exchange."""
    answer = ask(_call(state.trial, call, arguments))
    state.note(call, answer)
    began = answer.sent_at
    while answer.success and answer.sent_at - began < within_s and not _holds(state):
        ask(Sleep(PAUSE_S, quiet=True))
        answer = ask(_call(state.trial, call, arguments))
        state.note(call, answer)
    return answer


def _try_refused(trial: Trial) -> None:
    """Make a call that the API must refuse; undo its changes if the API accepts it."""
    state, case = _Round(trial, ""), trial.case.about
    call = case.calls[0]
    try:
        arguments = state.fill(call)
    except ExpressionError as error:
        raise Untested(f"its arguments have no value here: {error}") from None
    answer = trial.ask(_call(trial, call, arguments))
    if answer.void:
        raise Untested(answer.moot or answer.outcome, sticky=True)
    conclude(trial.refused(answer, [case.code], f"“{case.prompt}”"))
    if answer.success and call.action.effect == "write":
        trial.ask(Undo(answer.number))


def _call(trial: Trial, call: CaseCall, arguments: Mapping[str, Any]) -> Call:
    endpoint, case = trial.setting.endpoint(str(call.action.name), MCP), trial.case.about
    assert endpoint is not None
    why = f"the test case {case.name} of {case.store}"
    intent: Intent = "explore" if case.is_positive else "illegal"
    return Call(endpoint, arguments, intent, why, surface=MCP, authored=True, apart=True)


def _find_wait(case: listing.Case, index: int) -> float:
    """Return the seconds within which a job that an earlier call started may change the answer."""
    reads = str(case.calls[index].action.name)
    jobs = [call.action.job for call in case.calls[:index]]
    return max((job.within_s for job in jobs if job is not None and job.read_by == reads), default=0.0)


def _holds(state: _Round) -> bool:
    """True if all conditions hold, or if one cannot be evaluated, so that waiting is useless."""
    scope = Scope(state.values)
    try:
        return all(scope.holds(condition) for condition in state.case.expect)
    except ExpressionError:
        return True


def _judge_conditions(state: _Round) -> Judgement:
    """Return the verdict on the conditions, after all calls succeeded."""
    trial, values, scope = state.trial, state.values, Scope(state.values)
    for condition in state.case.expect:
        try:
            holds = scope.holds(condition)
        except ExpressionError as error:
            problem = f"it cannot be evaluated on these answers{state.when}: {error}"
            return trial.broken(condition.wording, problem)
        if not holds:
            read = format_read(condition.tree, values, {"input", "response", *state.answers})
            problem = f"it does not hold{state.when}{': ' + read if read else ''}"
            return trial.broken(condition.wording, problem)
    return trial.kept()
