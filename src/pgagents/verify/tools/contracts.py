"""Contracts about the tools of an MCP server that no catalogue describes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from pgagents.http import json_bytes
from pgagents.model.contract import Contract, Verdict
from pgagents.source.source import Pointer
from pgagents.verify.check.check import Conversation, Judgement, Probe, judge_untested
from pgagents.verify.check.setting import Setting
from pgagents.verify.wire.call import Call, Raw
from pgagents.verify.wire.endpoint import MCP
from pgagents.verify.wire.exchange import Exchange
from pgagents.verify.wire.mcp.listing import ToolListing

TOOLS = ("MCP 2025-11-25, server/tools",)
MOST_NAME = 100
_WRITES = "it may write, {why}: --allow {name} would call it{reads}"


def name_part(name: str) -> str:
    """Return a tool's name in the form for contract ids. A tool's name may hold any character."""
    return quote(name[:MOST_NAME], safe="") or "-"


def tool_contract(
    check: str,
    kind: str,
    number: int,
    tool: Mapping[str, Any],
    says: str,
    *,
    part: str = "",
    advice: bool = False,
) -> Contract:
    """Return a contract about one tool; `part` is the member of the tool's definition that promises it."""
    at: Pointer = ("tools", number, part) if part in tool else ("tools", number)
    id = contract_id(check, kind, str(tool["name"]))
    return Contract(id, check, "", MCP, says, at, TOOLS, advice)


def contract_id(check: str, kind: str, name: str) -> str:
    """Return the id of a contract about a tool."""
    return f"{check}/{kind}/{name_part(name)}@{MCP}"


def server_contract(
    check: str, kind: str, says: str, *, cite: Sequence[str] = TOOLS, advice: bool = False
) -> Contract:
    """Return a contract about the server as a whole."""
    return Contract(f"{check}/{kind}@{MCP}", check, "", MCP, says, ("tools",), tuple(cite), advice)


def judge_busy(exchange: Exchange, *contracts: str) -> Iterator[Judgement]:
    """Leave the contracts of a call untested that the server put off. An empty id is passed over."""
    for contract in filter(None, contracts):
        yield judge_untested(contract, f"the server was busy: {exchange.outcome}")


def send_message(method: str, params: Mapping[str, Any] | None, why: str) -> Call:
    """Return a call that sends one message of the protocol."""
    message = {"method": method} if params is None else {"method": method, "params": params}
    return Call(None, {}, "document", why, surface=MCP, raw=Raw(method="POST", body=json_bytes(message)))


def call_tool(name: str, arguments: Mapping[str, Any], why: str) -> Call:
    """Return a call of a tool."""
    return send_message("tools/call", {"name": name, "arguments": arguments}, why)


def judging(
    setting: Setting, name: str, contracts: Sequence[str], judge: Callable[[ToolListing], Iterator[Judgement]]
) -> Iterator[Probe]:
    """Yield one probe that sends nothing, and judges the list of tools that was read before."""
    listing = setting.listing
    if listing is None or not contracts:
        return

    def run() -> Conversation:
        yield from judge(listing)

    yield Probe(f"{name}@{MCP}", 1, tuple(contracts), 0, run, role="")


def settle_contract(setting: Setting, contract: Contract) -> tuple[Verdict, str] | None:
    """Exclude tools that may write, unless the caller has allowed them by name."""
    tool = _find_tool(setting, contract)
    if tool is None or setting.listing is None or setting.listing.may_call(tool):
        return None
    listing, name = setting.listing, tool["name"]
    why = listing.object_to(tool)
    reads = f"; --reads {name} says that it reads" if name not in listing.acts else ""
    return Verdict.NOT_SELECTED, _WRITES.format(why=why, name=name, reads=reads)


def _find_tool(setting: Setting, contract: Contract) -> Mapping[str, Any] | None:
    """Return the tool of a contract; None if the contract is about the server."""
    listing = setting.listing
    if listing is None or len(contract.origin) < 2 or not isinstance(number := contract.origin[1], int):
        return None
    found = listing.tools[number]
    return found if isinstance(found, Mapping) else None
