"""A failed tool call returns a result with `isError` and a reason that a model can read; protocol errors use
JSON-RPC errors.

An unknown tool or method gets a JSON-RPC error; a result with `isError` for an unknown tool is odd. Invalid
arguments count as a tool's failure since 2025-11-25 (SEP-1303); before, a server could answer them with
-32602.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

from pgagents.base.http import json_bytes
from pgagents.report.contract import Rank
from pgagents.verify.judgement import Judgement, Untested, conclude, demand
from pgagents.verify.promise import Attempt, Case, Trial, make_check
from pgagents.verify.setting import Memory, Setting
from pgagents.verify.wire.call import Call, Raw
from pgagents.verify.wire.endpoint import MCP
from pgagents.verify.wire.exchange import Exchange
from pgagents.verify.wire.mcp_messages import (
    INVALID_PARAMS,
    LEGACY,
    METHOD_NOT_FOUND,
    error_of,
    result_of,
    text_of,
)

CITE = ("MCP 2025-11-25, server/tools",)
UNKNOWN = "pgv_unknown"
PROTOCOL_ERRORS: dict[str, tuple[dict[str, Any], tuple[int, ...], str]] = {
    "unknown_tool": (
        {"method": "tools/call", "params": {"name": UNKNOWN, "arguments": {}}},
        (INVALID_PARAMS, METHOD_NOT_FOUND),
        "a tool that there is not is refused with a JSON-RPC error",
    ),
    "unknown_method": (
        {"method": "pgv/unknown"},
        (METHOD_NOT_FOUND,),
        "a method that there is not is refused with -32601",
    ),
}


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield one case for each tool, which the watcher judges, and one for each protocol error."""
    del roles
    for endpoint in setting.tools:
        if setting.model.is_only_tool(endpoint.action) and not endpoint.params:
            continue  # its schema is all that is known of a tool without an API, and nothing breaks that
        says = (
            f"a call that {endpoint.action.name} refuses is answered with a result that says why, not "
            "with a JSON-RPC error"
        )
        yield Case(endpoint, says, endpoint.action.origin, detail="as_result", cite=CITE)
    for detail, (message, codes, says) in PROTOCOL_ERRORS.items() if setting.tools else ():
        attempt = Attempt(partial(_try, message, codes), role="")
        origin = setting.model.surfaces[MCP].origin
        yield Case(None, says, origin, attempt, detail, CITE, place=f"@{MCP}")


def watch(exchange: Exchange, memory: Memory) -> Iterator[Judgement]:
    """Judge every tool call that was not answered with a success."""
    trial = CHECK.find_trial(memory.setting, exchange.place, "as_result")
    if trial is None or not exchange.refused or exchange.void:
        return
    result, error = result_of(exchange.answer), error_of(exchange.answer)
    link = memory.setting.mcp
    if error is not None:
        before = link is not None and link.version < LEGACY
        if not (before and error == INVALID_PARAMS and exchange.call.intent == "invalid"):
            yield trial.broken("a result with isError", f"JSON-RPC error {error}")
    elif result is not None and not text_of(result).strip():
        yield trial.broken("a result with isError that says why", "it says nothing")
    elif result is not None:
        yield trial.kept()


def _try(message: dict[str, Any], codes: tuple[int, ...], trial: Trial) -> None:
    raw, why = Raw(method="POST", body=json_bytes(message)), "what the protocol has no place for"
    answer = trial.ask(Call(None, {}, "document", why, surface=MCP, raw=raw))
    error, result = error_of(answer.answer), result_of(answer.answer)
    link = trial.setting.mcp
    expected = f"JSON-RPC error {' or '.join(map(str, codes))}"
    if link is not None and not link.told:
        raise Untested(link.problem)
    demand(answer)
    if error in codes:
        conclude(trial.kept())
    elif error is not None:
        conclude(trial.broken(expected, f"JSON-RPC error {error}"))
    else:
        broken = trial.broken(expected, "a result" if result is not None else answer.outcome)
        # the SDK for Python (1.x) refuses an unknown tool so, and the specification says no MUST of it
        told = trial.case.detail == "unknown_tool" and result is not None and result.get("isError") is True
        conclude(replace(broken, odd=True) if told else broken)


CHECK = make_check(
    "mcp_errors",
    __doc__,
    cases,
    stage=2,
    watch=watch,
    watched=frozenset(("as_result",)),
    turn=3,
    tools=True,
    rank=Rank.UNDOCUMENTED,
)
