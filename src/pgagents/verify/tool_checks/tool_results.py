"""A call that a tool's schema allows is answered with a result: content blocks, and valid structured content.

Tools with `readOnlyHint`, and those that `--allow` names, are called with the required arguments and with
all. A tool may refuse them with `isError`, because its rules may be stricter than its schema. Recommended:
failures are results and no JSON-RPC errors, and the structured content stands in a text block, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from pgagents.base.jsonschema.schema import foreign_validator, say_error
from pgagents.report.contract import Rank
from pgagents.verify.judgement import Judgement, conclude
from pgagents.verify.promise import Attempt, Case, Trial, make_check
from pgagents.verify.setting import Setting
from pgagents.verify.tools import ListedTool, call_tool, judge_busy, list_tools
from pgagents.verify.wire.asking import ask
from pgagents.verify.wire.exchange import Exchange
from pgagents.verify.wire.mcp_messages import error_of, list_texts, read_text, result_of, text_of

KINDS = {"text": "text", "image": "data", "audio": "data", "resource": "resource", "resource_link": "uri"}
"""The types of content blocks, each with its required member."""
NEXT_STEP = "give its schema `examples`, or make a catalogue with `pgagents import --mcp`"


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield cases for each tool: about its answers, and about their content. One probe calls the tool."""
    del roles
    for tool in list_tools(setting):
        name = tool.name
        attempt = Attempt(together=partial(_try, tool), stage=3, cost=2, role="")
        yield tool.case("answered", f"a call of {name} that its schema allows is answered", attempt)
        says = f"{name} reports its failures as results with isError, which a model can read"
        yield tool.case("as_result", says, attempt, advice=True)
        yield tool.case("content", f"a result of {name} is a list of content blocks", attempt)
        if "outputSchema" in tool.definition:
            says = f"structuredContent of {name} satisfies its output schema"
            yield tool.case("fits", says, attempt, part="outputSchema")
            says = f"the structuredContent of {name} stands in a text block, too"
            yield tool.case("text", says, attempt, advice=True)


def _try(tool: ListedTool, trials: Sequence[Trial]) -> None:
    arguments = tool.arguments
    if arguments is None:
        conclude(trial.untested("its input schema is not valid") for trial in trials)
        return
    ordinary, whole = arguments.make_ordinary(), arguments.make_whole()
    if ordinary is None and whole is None:
        conclude(trial.untested(f"no arguments fit its schema: {NEXT_STEP}") for trial in trials)
    for words, values in (("the required arguments", ordinary), ("all arguments", whole)):
        if values is not None:
            answer = ask(call_tool(tool.name, values, f"a call with {words}"))
            conclude(_judge(tool, answer, trials))


def _judge(tool: ListedTool, answer: Exchange, trials: Sequence[Trial]) -> Iterator[Judgement]:
    answered, as_result, content, *structured = trials
    result, error = result_of(answer.answer), error_of(answer.answer)
    if answer.busy:
        yield from judge_busy(answer, trials)
        return
    if result is None and error is None:
        yield answered.broken("a JSON-RPC result or error", answer.outcome)
        return
    yield answered.kept()
    if result is None:
        yield as_result.broken("a result with isError", f"JSON-RPC error {error}")
        return
    yield as_result.kept()
    if result.get("resultType") == "input_required":
        yield from (trial.untested("it asks for further input") for trial in (content, *structured))
        return
    yield content.judge("a list of content blocks", find_block_problem(result))
    if result.get("isError") is True:
        refusal = " ".join(text_of(result).split())[:120]
        yield from (trial.untested(f"it refused the call ({refusal}): {NEXT_STEP}") for trial in structured)
    elif structured:
        yield from _judge_data(result, tool.definition["outputSchema"], *structured)


def _judge_data(result: Mapping[str, Any], schema: Any, fits: Trial, text: Trial) -> Iterator[Judgement]:
    if "structuredContent" not in result:
        yield fits.broken("structuredContent", "there is no structuredContent")
        yield text.untested("there is no structuredContent")
        return
    data = result["structuredContent"]
    try:
        error = next(iter(foreign_validator(schema).iter_errors(data)), None)
    except (ValueError, TypeError, AttributeError):
        yield fits.untested("its output schema is not valid")
    else:
        where = ".".join(map(str, error.instance_path)) if error is not None else ""
        problem = f"{where or 'structuredContent'}: {{error}}" if error is not None else ""
        message = say_error(error.message, 300) if error is not None else ""
        yield fits.judge("the output schema is satisfied", problem, error=message)
    blocks = (read_text(block) for block in (*list_texts(result), text_of(result)))
    same = any(not block.problem and block.value == data for block in blocks)
    yield text.judge("the data as JSON in a text", "" if same else "no text has the data")


def find_block_problem(result: Mapping[str, Any]) -> str:
    """Describe what is wrong with a result's content blocks; empty if they are right."""
    blocks = result.get("content")
    if not isinstance(blocks, list):
        return "there is no `content`"
    if not isinstance(result.get("isError", False), bool):
        return "`isError` is not a boolean"
    for block in blocks:
        kind = block.get("type") if isinstance(block, Mapping) else None
        if kind not in KINDS:
            return f"a block is of no known type: {str(block)[:100]}"
        if not isinstance(block.get(KINDS[kind]), Mapping if kind == "resource" else str):
            return f"a block of type {kind} has no `{KINDS[kind]}`"
    return ""


CHECK = make_check("tool_results", __doc__, cases, tools=True, rank=Rank.UNDOCUMENTED)
