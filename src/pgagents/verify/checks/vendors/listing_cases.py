"""The test cases of a store listing have the results that the catalogue gives.

A positive case is tried twice, through the tools of the MCP server and before the run makes anything. The
second round has the other order, and the effects of each case are undone before the next one. A negative case
is about a task that no tool mentions, a refused call, or hints because of which a host asks first. A model's
choice of tools is not judged.
"""

from __future__ import annotations

import random
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from pgagents.base.cel.expression import Scope
from pgagents.base.cel.syntax import ExpressionError
from pgagents.base.text import find_word
from pgagents.catalogue.model.listing import CHECK as NAME
from pgagents.catalogue.model.listing import Case, CaseCall, list_cases
from pgagents.generate.actions import find_name
from pgagents.report.contract import Contract, Rank
from pgagents.verify.cases.workflow_steps import evaluate_input
from pgagents.verify.laws import format_read, values_of
from pgagents.verify.plan.order import PRISTINE
from pgagents.verify.promise import (
    Check,
    Conversation,
    Judgement,
    Probe,
    judge_broken,
    judge_kept,
    judge_refused,
    judge_untested,
    promise_at,
)
from pgagents.verify.setting import Setting
from pgagents.verify.tools import read_pages
from pgagents.verify.wire.call import Call, Intent, Sleep, Undo
from pgagents.verify.wire.endpoint import MCP
from pgagents.verify.wire.exchange import Exchange

ROUNDS = ("first", "second")
TEXTS = ("name", "title", "description")


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield one contract for each case."""
    for case in list_cases(setting.model) if setting.tools else ():
        says = f"{case.store}: {_describe(case)}"
        yield promise_at(NAME, f"{case.store}/{case.name}", f"@{MCP}", says, case.origin)


def _describe(case: Case) -> str:
    """Describe a case's promise in one line."""
    if case.kind == "positive":
        tools = ", ".join(call.name for call in case.calls)
        return f"“{case.prompt}” is answered by {tools}, as expected"
    if case.kind == "refused":
        return (
            f"“{case.prompt}” is refused by {case.calls[0].name} with {case.code.name if case.code else ''}"
        )
    if case.kind == "asks_first":
        return f"“{case.prompt}” needs {case.action.name if case.action else ''}, whose hints let a host ask"
    return f"“{case.prompt}” is nothing that a tool speaks of"


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Yield each case that calls tools, in two rounds with orders of their own, and a probe that reads the
    list of tools.
    """
    del roles
    if not setting.tools:
        return
    every = list(list_cases(setting.model))
    calling = [case for case in every if case.calls]
    for number, order in enumerate(_orders(calling, setting.seed)):
        for case in order:
            yield _make_probe(setting, case, ROUNDS[number])
    listed = [case for case in every if not case.calls]
    if listed:
        ids = tuple(case.contract for case in listed)
        yield Probe(f"{NAME}/list@{MCP}", 1, ids, 1, partial(_judge_listed, setting, listed), role="")


def _orders(cases: list[Case], seed: int) -> tuple[list[Case], list[Case]]:
    """Return the cases in two orders that the seed chooses. In the second, each pair of cases has the other
    order.
    """
    first = list(cases)
    random.Random(f"{seed}-{NAME}").shuffle(first)
    return first, first[::-1]


def _make_probe(setting: Setting, case: Case, number: str) -> Probe:
    found = (setting.endpoint(str(call.action.name), MCP) for call in case.calls)
    endpoints = {endpoint.place: endpoint for endpoint in found if endpoint is not None}
    run = run_positive if case.is_positive else run_refused
    return Probe(
        f"{NAME}/{case.store}/{case.name}/{number}@{MCP}",
        PRISTINE,
        (case.contract,),
        count_requests(case),
        lambda: run(setting, case, number),
        tuple(endpoints.values()),
        "main",
        case.writes,
    )


def _judge_listed(setting: Setting, cases: list[Case]) -> Conversation:
    """Read the server's list of tools, and judge each case by it."""
    listed, problem, closed = yield from read_pages(setting)
    tools = [tool for tool in listed if isinstance(tool, Mapping)]
    for case in cases:
        if problem or closed:
            yield judge_untested(case.contract, closed or problem)
        elif case.kind == "asks_first":
            yield _judge_hints(setting, case, tools)
        else:
            yield _judge_words(case, tools)


def _judge_words(case: Case, tools: list[Mapping[str, Any]]) -> Judgement:
    for tool in tools:
        for key in TEXTS:
            text = tool.get(key)
            word = next((w for w in case.words if isinstance(text, str) and find_word(w, text)), None)
            if word is not None:
                expected = f"no tool that speaks of {' or '.join(case.words)}"
                return judge_broken(
                    case.contract, expected, f"the {key} of {tool.get('name')} speaks of {word}"
                )
    return judge_kept(case.contract)


def _judge_hints(setting: Setting, case: Case, tools: list[Mapping[str, Any]]) -> Judgement:
    """Judge that the tool's annotations announce a permanent change, so that a host asks the user."""
    assert case.action is not None
    name = str(find_name(setting.model.surfaces[MCP], case.action))
    tool = next((t for t in tools if t.get("name") == name), None)
    expected = f"{name} with readOnlyHint: false and destructiveHint: true, by which a host asks first"
    if tool is None:
        return judge_broken(case.contract, expected, f"{name} is not listed")
    hints = tool.get("annotations")
    hints = hints if isinstance(hints, Mapping) else {}
    for hint, wanted in (("readOnlyHint", False), ("destructiveHint", True)):
        if hints.get(hint) is not wanted:
            said = str(hints[hint]).lower()[:40] if hint in hints else "missing"
            return judge_broken(case.contract, expected, f"{hint} of {name} is {said}")
    return judge_kept(case.contract)


CHECK = Check(
    NAME,
    __doc__,
    promises,
    probes=probes,
    tools=True,
    derived_from=frozenset(
        (
            "absent_id",
            "error_codes",
            "exact_filters",
            "key_authentication",
            "law",
            "mcp_errors",
            "mcp_results",
            "mcp_tools",
            "no_crashes",
            "pagination",
            "read_after_write",
            "relation",
            "response_schema",
            "state_transitions",
            "surface_equivalence",
            "valid_calls",
            "workflow_runs",
        )
    ),
    rank=Rank.WRONG,
)


# -- the calls of a store listing's test case.
#
# If another check finds a problem in an answer, the case is broken too, because a reviewer would see it.


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
