"""The test cases of a store listing have the results that the catalogue gives.

A positive case is tried twice, through the tools of the MCP server and before the run makes anything. The
second round has the other order, and the effects of each case are undone before the next one. A negative case
is about a task that no tool mentions, a refused call, or hints because of which a host asks first. A model's
choice of tools is not judged.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from pgagents.generate.formerly import find_name
from pgagents.model.contract import Contract
from pgagents.model.stores.cases import CHECK as NAME
from pgagents.model.stores.cases import Case, list_cases
from pgagents.text.words import find_word
from pgagents.verify.answers.tool_pages import read_pages
from pgagents.verify.cases.listing.case_calls import count_requests, run_positive, run_refused
from pgagents.verify.check.check import (
    Check,
    Conversation,
    Judgement,
    Probe,
    judge_broken,
    judge_kept,
    judge_untested,
    promise_at,
)
from pgagents.verify.check.setting import Setting
from pgagents.verify.plan.order import PRISTINE
from pgagents.verify.wire.endpoint import MCP

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
)
