"""A failed tool call returns a result with `isError` and a reason that a model can read; protocol errors use
JSON-RPC errors.

An unknown tool or method gets a JSON-RPC error. Invalid arguments count as a tool's failure since 2025-11-25
(SEP-1303); before, a server could answer them with -32602.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from pgagents.base.http import json_bytes
from pgagents.report.contract import Contract
from pgagents.verify.promise import (
    Check,
    Conversation,
    Judgement,
    Probe,
    judge_broken,
    judge_kept,
    judge_untested,
    promise,
    promise_at,
)
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

NAME = "mcp_errors"
CITE = ("MCP 2025-11-25, server/tools",)
UNKNOWN = "pgv_unknown"
CASES: dict[str, tuple[dict[str, Any], tuple[int, ...], str]] = {
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


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield one contract for each tool, and one for each protocol error."""
    for endpoint in setting.tools:
        if setting.model.is_only_tool(endpoint.action) and not endpoint.params:
            continue  # no known call would be refused
        says = (
            f"a call that {endpoint.action.name} refuses is answered with a result that says why, not "
            "with a JSON-RPC error"
        )
        yield promise(NAME, "as_result", endpoint, says, endpoint.action.origin, CITE)
    for case, (_, _, says) in CASES.items() if setting.tools else ():
        yield promise_at(NAME, case, f"@{MCP}", says, setting.model.surfaces[MCP].origin, CITE)


def watch(exchange: Exchange, memory: Memory) -> Iterator[Judgement]:
    """Judge every tool call that was not answered with a success."""
    endpoint = exchange.call.endpoint
    if endpoint is None or endpoint.form is None or not exchange.refused or exchange.void:
        return
    contract = f"{NAME}/as_result/{endpoint.place}"
    result, error = result_of(exchange.answer), error_of(exchange.answer)
    link = memory.setting.mcp
    if error is not None:
        before = link is not None and link.version < LEGACY
        if not (before and error == INVALID_PARAMS and exchange.call.intent == "invalid"):
            yield judge_broken(contract, "a result with isError", f"JSON-RPC error {error}")
    elif result is not None and not text_of(result).strip():
        yield judge_broken(contract, "a result with isError that says why", "it says nothing")
    elif result is not None:
        yield judge_kept(contract)


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Yield one probe with one message for each protocol error."""
    del roles
    for case, (message, codes, _) in CASES.items() if setting.tools else ():
        contract = f"{NAME}/{case}@{MCP}"
        yield Probe(contract, 2, (contract,), 1, partial(_run, setting, contract, message, codes), role="")


def _run(setting: Setting, contract: str, message: dict[str, Any], codes: tuple[int, ...]) -> Conversation:
    raw = Raw(method="POST", body=json_bytes(message))
    exchange: Exchange = yield Call(
        None, {}, "document", "what the protocol has no place for", surface=MCP, raw=raw
    )
    error, result = error_of(exchange.answer), result_of(exchange.answer)
    if setting.mcp is not None and not setting.mcp.told:
        yield judge_untested(contract, setting.mcp.problem)
        return
    wanted = f"JSON-RPC error {' or '.join(map(str, codes))}"
    if error in codes:
        yield judge_kept(contract)
    else:
        said = (
            f"JSON-RPC error {error}"
            if error is not None
            else "a result"
            if result is not None
            else exchange.outcome
        )
        yield judge_broken(contract, wanted, said)


CHECK = Check(
    NAME,
    __doc__,
    promises,
    watch=watch,
    watched=frozenset(("as_result",)),
    probes=probes,
    rank=3,
    tools=True,
)
