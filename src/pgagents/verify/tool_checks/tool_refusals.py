"""Arguments that a tool's schema refuses are refused, and so are unknown tools and methods.

A server must validate its tools' inputs. Tools that may be called get arguments that each break one keyword,
and that no lenient reader can convert to valid ones. Recommended: the refusal is a result with isError and a
text, and an unknown tool is a JSON-RPC error. Unknown arguments are refused if the schema is closed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from pgagents.report.contract import Contract, Rank
from pgagents.verify.promise import Check, Conversation, Probe, judge_broken, judge_kept, judge_untested
from pgagents.verify.setting import Setting
from pgagents.verify.tools import (
    ToolArguments,
    call_tool,
    contract_id,
    judge_busy,
    send_message,
    server_contract,
    settle_contract,
    tool_contract,
)
from pgagents.verify.wire.endpoint import MCP
from pgagents.verify.wire.exchange import Exchange
from pgagents.verify.wire.mcp_messages import METHOD_NOT_FOUND, error_of, result_of, text_of

NAME = "tool_refusals"
NO_TOOL = "pgv_no_such_tool_7f3a9c51d2e84b06"
"""A name that no tool has."""
NO_METHOD = "pgv/no_such_method"
OF_SERVER = {
    "unknown_tool": "a tool that there is not is refused",
    "unknown_method": "a method that there is not is refused with JSON-RPC error -32601",
}
JSON_RPC = ("JSON-RPC 2.0, section 5.1",)


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield contracts for each tool that has arguments, and for the server."""
    if setting.listing is None:
        return
    yield server_contract(NAME, "unknown_tool", OF_SERVER["unknown_tool"])
    says = "a tool that there is not is refused with a JSON-RPC error"
    yield server_contract(NAME, "unknown_tool_as_error", says, advice=True)
    yield server_contract(NAME, "unknown_method", OF_SERVER["unknown_method"], cite=JSON_RPC)
    for number, name, tool in setting.listing.named:
        made = _arguments(tool)
        if made is None:
            continue
        if made.list_wrong():
            says = f"{name} refuses arguments that its schema does not allow"
            yield tool_contract(NAME, "wrong", number, tool, says, part="inputSchema")
            says = f"{name} refuses wrong arguments with a result that says why"
            yield tool_contract(NAME, "as_result", number, tool, says, advice=True)
        if made.make_unknown() is not None:
            says = f"{name} refuses an argument that its closed schema does not have"
            yield tool_contract(NAME, "unknown_argument", number, tool, says, part="inputSchema", advice=True)


def _arguments(tool: Mapping[str, Any]) -> ToolArguments | None:
    try:
        return ToolArguments(tool["inputSchema"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Yield a probe for each call with broken arguments, for an unknown tool, and for an unknown method."""
    del roles
    if setting.listing is None:
        return
    both = (f"{NAME}/unknown_tool@{MCP}", f"{NAME}/unknown_tool_as_error@{MCP}")
    yield Probe(both[0], 2, both, 1, lambda: _call_unknown_tool(*both), role="")
    method = f"{NAME}/unknown_method@{MCP}"
    yield Probe(method, 2, (method,), 1, lambda: _call_unknown_method(method), role="")
    for _, name, tool in setting.listing.named:
        made = _arguments(tool) if setting.listing.may_call(tool) else None
        if made is None:
            continue
        contracts = contract_id(NAME, "wrong", name), contract_id(NAME, "as_result", name)
        for wrong in made.list_wrong():
            call = call_tool(name, wrong.arguments, f"a call {wrong.says}")
            yield Probe(
                f"{contracts[0]} {wrong.says}", 4, contracts, 1, partial(_refusing, call, *contracts), role=""
            )
        if (arguments := made.make_unknown()) is not None:
            contract = contract_id(NAME, "unknown_argument", name)
            call = call_tool(name, arguments, "a call with an unknown argument")
            yield Probe(contract, 5, (contract,), 1, partial(_refusing, call, contract), role="")


def _refusing(call: Any, contract: str, as_result: str = "") -> Conversation:
    """Send an invalid call and judge that it is refused."""
    exchange: Exchange = yield call
    if exchange.busy:
        yield from judge_busy(exchange, contract, as_result)
        return
    result, error = result_of(exchange.answer), error_of(exchange.answer)
    if result is None and error is None:
        yield judge_broken(contract, f"{call.why} is refused", exchange.outcome)
    elif result is not None and result.get("isError") is not True:
        if result.get("resultType") != "input_required":
            yield judge_broken(contract, f"{call.why} is refused", "a success")
    else:
        yield judge_kept(contract)
        if not as_result:
            return
        if result is None:
            yield judge_broken(as_result, "a result with isError", f"JSON-RPC error {error}")
        elif not text_of(result).strip():
            yield judge_broken(as_result, "a result that says why", "it says nothing")
        else:
            yield judge_kept(as_result)


def _call_unknown_tool(contract: str, as_error: str) -> Conversation:
    exchange: Exchange = yield call_tool(NO_TOOL, {}, "a tool that there is not")
    if exchange.busy:
        yield from judge_busy(exchange, contract, as_error)
        return
    result, error = result_of(exchange.answer), error_of(exchange.answer)
    if error is not None:
        yield judge_kept(contract)
        yield judge_kept(as_error)
    elif result is not None and result.get("isError") is True:
        yield judge_kept(contract)
        yield judge_broken(as_error, "JSON-RPC error -32602", "a result with isError")
    elif result is not None:
        yield judge_broken(contract, "a refusal", "a success")
        yield judge_untested(as_error, "it was no refusal")
    else:
        yield judge_broken(contract, "a refusal", exchange.outcome)
        yield judge_untested(as_error, "it was not answered")


def _call_unknown_method(contract: str) -> Conversation:
    exchange: Exchange = yield send_message(NO_METHOD, None, "a method that there is not")
    if exchange.busy:
        yield from judge_busy(exchange, contract)
        return
    error = error_of(exchange.answer)
    said = exchange.outcome if error is None else f"JSON-RPC error {error}"
    expected = f"JSON-RPC error {METHOD_NOT_FOUND}"
    yield judge_kept(contract) if error == METHOD_NOT_FOUND else judge_broken(contract, expected, said)


CHECK = Check(NAME, __doc__, promises, probes=probes, settled=settle_contract, tools=True, rank=Rank.LAX)
