"""Make the calls of a store listing's test case through the tools, and judge the answers.

If another check finds a problem in an answer, the case is broken too, because a reviewer would see it.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pgagents.cel.expression import ExpressionError
from pgagents.cel.scope import Scope
from pgagents.model.stores.cases import Case, CaseCall
from pgagents.verify.cases.workflow_steps import evaluate_input
from pgagents.verify.check.check import (
    Conversation,
    Judgement,
    judge_broken,
    judge_kept,
    judge_refused,
    judge_untested,
)
from pgagents.verify.check.setting import Setting
from pgagents.verify.laws.laws import format_read, values_of
from pgagents.verify.wire.call import Call, Intent, Sleep, Undo
from pgagents.verify.wire.endpoint import MCP
from pgagents.verify.wire.exchange import Exchange

PAUSE_S = 0.5
AGAIN = " the second time"


def count_requests(case: Case) -> int:
    """Return the most requests of one round of a case, including those that undo it."""
    writes = sum(call.action.effect == "write" for call in case.calls) if case.is_positive else 0
    return len(case.calls) + writes


@dataclass(slots=True)
class _Round:
    """One round of a case: the answers so far by the calls' names, and the arguments of the last call.

    `since` is the number of the first successful write; 0 before there is one. `when` names the round at the
    end of a finding's sentence.
    """

    setting: Setting
    case: Case
    when: str
    answers: dict[str, Any] = field(default_factory=dict)
    since: int = 0
    read: dict[str, Any] = field(default_factory=dict)

    def fill(self, call: CaseCall) -> dict[str, Any]:
        """Return the arguments of a call. Raises ExpressionError if one cannot be evaluated."""
        scope = Scope({"env": self.setting.model.env, "now": 0.0, **self.answers})
        return {name: evaluate_input(value, scope) for name, value in call.arguments.items()}

    def note(self, call: CaseCall, exchange: Exchange) -> None:
        """Remember an answer, for later arguments and for the conditions."""
        found = values_of(self.setting.model, exchange)
        self.read = {name: found[name] for name in ("env", "now", "input", "response")}
        self.answers[call.name] = {name: found[name] for name in ("input", "response")}

    @property
    def values(self) -> dict[str, Any]:
        """The variables that conditions can read."""
        return {**self.read, **self.answers}


def run_positive(setting: Setting, case: Case, number: str) -> Conversation:
    """Make the calls of a case one after the other, judge its conditions, and undo its changes."""
    state = _Round(setting, case, AGAIN if number == "second" else "")
    judgement = yield from _make_calls(state)
    yield judgement
    if state.since:
        yield Undo(state.since)


def _make_calls(state: _Round) -> Generator[Any, Any, Judgement]:
    """Make the calls up to the first that fails; return the verdict."""
    case = state.case
    for index, call in enumerate(case.calls):
        try:
            given = state.fill(call)
        except ExpressionError as error:
            said = f"they have no value{state.when}: {error}"
            return judge_broken(case.contract, f"arguments for {call.name} from the answers before", said)
        last = index == len(case.calls) - 1
        within_s = _find_wait(case, index) if last else 0.0
        exchange = yield from _repeat_until_held(state, call, given, within_s)
        if exchange.success and call.action.effect == "write":
            state.since = state.since or exchange.number
        judgement = _judge_answer(state, call, exchange)
        if judgement is not None or last:
            return judgement or _judge_conditions(state)
    raise AssertionError(case.name)  # a case has at least one call


def _repeat_until_held(
    state: _Round, call: CaseCall, given: Mapping[str, Any], within_s: float
) -> Generator[Any, Any, Exchange]:
    """Make a call, and repeat it as long as a job may change its answer; return the last exchange."""
    exchange: Exchange = yield _call(state.setting, state.case, call, given)
    state.note(call, exchange)
    began = exchange.sent_at
    while exchange.success and exchange.sent_at - began < within_s and not _holds(state):
        yield Sleep(PAUSE_S, quiet=True)
        exchange = yield _call(state.setting, state.case, call, given)
        state.note(call, exchange)
    return exchange


def run_refused(setting: Setting, case: Case, number: str) -> Conversation:
    """Make a call that the API must refuse; undo its changes if the API accepts it."""
    del number
    call, code = case.calls[0], case.code
    assert code is not None
    scope = Scope({"env": setting.model.env, "now": 0.0})
    try:
        given = {name: evaluate_input(value, scope) for name, value in call.arguments.items()}
    except ExpressionError as error:
        yield judge_untested(case.contract, f"its arguments have no value here: {error}")
        return
    exchange: Exchange = yield _call(setting, case, call, given)
    if exchange.void:
        yield judge_untested(case.contract, exchange.moot or exchange.outcome, sticky=True)
        return
    yield from judge_refused(exchange, case.contract, [code], f"“{case.prompt}”")
    if exchange.success and call.action.effect == "write":
        yield Undo(exchange.number)


def _call(setting: Setting, case: Case, call: CaseCall, given: Mapping[str, Any]) -> Call:
    endpoint = setting.endpoint(str(call.action.name), MCP)
    assert endpoint is not None
    why = f"the test case {case.name} of {case.store}"
    intent: Intent = "explore" if case.is_positive else "illegal"
    return Call(endpoint, given, intent, why, surface=MCP, authored=True, apart=True)


def _find_wait(case: Case, index: int) -> float:
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


def _judge_answer(state: _Round, call: CaseCall, exchange: Exchange) -> Judgement | None:
    """Return the verdict on a call that did not succeed; None if it did."""
    contract = state.case.contract
    if exchange.void:
        return judge_untested(contract, exchange.moot or exchange.outcome, sticky=True)
    if exchange.success:
        return None
    return judge_broken(contract, f"{call.name} succeeds", f"{exchange.outcome}{state.when}")


def _judge_conditions(state: _Round) -> Judgement:
    """Return the verdict on the conditions, after all calls succeeded."""
    case, values, scope = state.case, state.values, Scope(state.values)
    for condition in case.expect:
        try:
            holds = scope.holds(condition)
        except ExpressionError as error:
            said = f"it cannot be evaluated on these answers{state.when}: {error}"
            return judge_broken(case.contract, condition.wording, said)
        if not holds:
            read = format_read(condition.tree, values, {"input", "response", *state.answers})
            said = f"it does not hold{state.when}{': ' + read if read else ''}"
            return judge_broken(case.contract, condition.wording, said)
    return judge_kept(case.contract)
