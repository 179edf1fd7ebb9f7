"""A call that a tool's schema allows is answered with a result: content blocks, and valid structured content.

Tools with `readOnlyHint`, and those that `--allow` names, are called with the required arguments and with
all. A tool may refuse them with `isError`, because its rules may be stricter than its schema. Recommended:
failures are results and no JSON-RPC errors, and the structured content stands in a text block, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from pgagents.base.http import read_json
from pgagents.base.jsonschema.schema import foreign_validator
from pgagents.report.contract import Contract, Rank
from pgagents.verify.promise import (
    Check,
    Conversation,
    Judgement,
    Probe,
    judge_broken,
    judge_kept,
    judge_untested,
)
from pgagents.verify.setting import Setting
from pgagents.verify.tools import (
    ToolArguments,
    call_tool,
    contract_id,
    judge_busy,
    settle_contract,
    tool_contract,
)
from pgagents.verify.wire.exchange import Exchange
from pgagents.verify.wire.mcp_messages import error_of, list_texts, result_of, text_of

NAME = "tool_results"
KINDS = {"text": "text", "image": "data", "audio": "data", "resource": "resource", "resource_link": "uri"}
"""The types of content blocks, each with its required member."""
NEXT_STEP = "give its schema `examples`, or make a catalogue with `pgagents import --mcp`"


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield contracts for each tool: about its answers, and about their content."""
    for number, name, tool in setting.listing.named if setting.listing is not None else ():
        says = f"a call of {name} that its schema allows is answered"
        yield tool_contract(NAME, "answered", number, tool, says)
        says = f"{name} reports its failures as results with isError, which a model can read"
        yield tool_contract(NAME, "as_result", number, tool, says, advice=True)
        yield tool_contract(NAME, "content", number, tool, f"a result of {name} is a list of content blocks")
        if "outputSchema" in tool:
            says = f"structuredContent of {name} satisfies its output schema"
            yield tool_contract(NAME, "fits", number, tool, says, part="outputSchema")
            says = f"the structuredContent of {name} stands in a text block, too"
            yield tool_contract(NAME, "text", number, tool, says, advice=True)


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Yield one probe for each tool that may be called."""
    del roles
    listing = setting.listing
    for _, name, tool in listing.named if listing is not None else ():
        if listing is not None and listing.may_call(tool):
            kinds = ["answered", "as_result", "content"] + (
                ["fits", "text"] if "outputSchema" in tool else []
            )
            contracts = tuple(contract_id(NAME, kind, name) for kind in kinds)
            yield Probe(contracts[0], 3, contracts, 2, partial(_conversation, name, tool, contracts), role="")


def _conversation(name: str, tool: Mapping[str, Any], contracts: tuple[str, ...]) -> Conversation:
    try:
        made = ToolArguments(tool["inputSchema"])
    except (ValueError, KeyError, TypeError, AttributeError):
        yield from (judge_untested(one, "its input schema is not valid") for one in contracts)
        return
    ordinary, whole = made.make_ordinary(), made.make_whole()
    calls = [("the required arguments", ordinary), ("all arguments", whole)]
    if ordinary is None and whole is None:
        yield from (judge_untested(one, f"no arguments fit its schema: {NEXT_STEP}") for one in contracts)
    for says, arguments in calls:
        if arguments is not None:
            exchange: Exchange = yield call_tool(name, arguments, f"a call with {says}")
            yield from _judge(exchange, name, tool)


def _judge(exchange: Exchange, name: str, tool: Mapping[str, Any]) -> Iterator[Judgement]:
    answered, as_result, content, fits, text = (
        contract_id(NAME, kind, name) for kind in ("answered", "as_result", "content", "fits", "text")
    )
    result, error = result_of(exchange.answer), error_of(exchange.answer)
    if exchange.busy:
        structured = (fits, text) if "outputSchema" in tool else ()
        yield from judge_busy(exchange, answered, as_result, content, *structured)
        return
    if result is None and error is None:
        yield judge_broken(answered, "a JSON-RPC result or error", exchange.outcome)
        return
    yield judge_kept(answered)
    if result is None:
        yield judge_broken(as_result, "a result with isError", f"JSON-RPC error {error}")
        return
    yield judge_kept(as_result)
    if result.get("resultType") == "input_required":
        yield from (judge_untested(one, "it asks for further input") for one in (content, fits, text))
        return
    wrong = find_block_problem(result)
    yield judge_broken(content, "a list of content blocks", wrong) if wrong else judge_kept(content)
    if "outputSchema" not in tool:
        return
    if result.get("isError") is True:
        said = " ".join(text_of(result).split())[:120]
        yield from (judge_untested(one, f"it refused the call ({said}): {NEXT_STEP}") for one in (fits, text))
        return
    yield from _judge_data(result, tool["outputSchema"], fits, text)


def _judge_data(result: Mapping[str, Any], schema: Any, fits: str, text: str) -> Iterator[Judgement]:
    if "structuredContent" not in result:
        yield judge_broken(fits, "structuredContent", "there is no structuredContent")
        yield judge_untested(text, "there is no structuredContent")
        return
    data = result["structuredContent"]
    try:
        error = next(iter(foreign_validator(schema).iter_errors(data)), None)
    except (ValueError, TypeError, AttributeError):
        yield judge_untested(fits, "its output schema is not valid")
    else:
        where = ".".join(map(str, error.instance_path)) if error is not None else ""
        yield (
            judge_kept(fits)
            if error is None
            else judge_broken(
                fits,
                "the output schema is satisfied",
                f"{where or 'structuredContent'}: {error.message[:300]}",
            )
        )
    blocks = (read_json(block.encode()) for block in (*list_texts(result), text_of(result)))
    same = any(not block.problem and block.value == data for block in blocks)
    yield (
        judge_kept(text) if same else judge_broken(text, "the data as JSON in a text", "no text has the data")
    )


def find_block_problem(result: Mapping[str, Any]) -> str:
    """Describe what is wrong with a result's content blocks; empty if they are right."""
    blocks = result.get("content")
    if not isinstance(blocks, list):
        return "there is no `content`"
    if not isinstance(result.get("isError", False), bool):
        return "`isError` is no boolean"
    for block in blocks:
        kind = block.get("type") if isinstance(block, Mapping) else None
        if kind not in KINDS:
            return f"a block is of no known type: {str(block)[:100]}"
        if not isinstance(block.get(KINDS[kind]), Mapping if kind == "resource" else str):
            return f"a block of type {kind} has no `{KINDS[kind]}`"
    return ""


CHECK = Check(
    NAME, __doc__, promises, probes=probes, settled=settle_contract, tools=True, rank=Rank.UNDOCUMENTED
)
