"""A tool's result has valid content blocks, structured content that fits the output schema, and the same data
as text.

Every result in the run is judged; of an error result only the content blocks. An answer that is not an object
stands in the member `result` of the structured content, as FastMCP writes it. A server may also send the text
of such an answer alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from pgagents.base.jsonschema.schema import say_error, validator
from pgagents.generate.targets.mcp.tools import RESULT, Structured, find_structure
from pgagents.report.contract import Rank
from pgagents.verify.judgement import Judgement
from pgagents.verify.projections import read_as_2020
from pgagents.verify.promise import Case, Trial, make_check
from pgagents.verify.setting import Memory, Setting
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange
from pgagents.verify.wire.mcp_messages import list_texts, read_text, result_of, text_of

CITE = ("MCP 2025-11-25, server/tools",)
ONLY_TEXT = "the answer is not an object, and the server sends it as text alone"
KINDS = ("text", "image", "audio", "resource", "resource_link")
"""The types of content blocks of MCP 2025-11-25."""


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield up to three cases for each tool: about its content blocks, structured content, and equal text."""
    del roles
    for endpoint in setting.tools:
        name, origin = endpoint.action.name, endpoint.action.success.origin
        says = f"a result of {name} is a list of content blocks"
        yield Case(endpoint, says, origin, detail="content", cite=CITE)
        if _find_structure(setting, endpoint):
            says = f"structuredContent of {name} satisfies the tool's output schema"
            yield Case(endpoint, says, origin, detail="fits", cite=CITE)
            says = f"the text of {name} is its structuredContent"
            alone = setting.model.is_only_tool(endpoint.action)  # then only the protocol promises anything
            yield Case(endpoint, says, origin, detail="text", cite=CITE, advice=alone)


def _find_structure(setting: Setting, endpoint: Endpoint) -> Structured:
    key = ("mcp_results", "structure", str(endpoint.action.name))
    return setting.compute_once(key, partial(find_structure, setting.model, endpoint.action))


def watch(exchange: Exchange, memory: Memory) -> Iterator[Judgement]:
    """Judge every tool result. For an error, judge only the content blocks."""
    setting = memory.setting
    content, fits, text = (
        CHECK.find_trial(setting, exchange.place, detail) for detail in ("content", "fits", "text")
    )
    result = result_of(exchange.answer) if content is not None else None
    if content is None or result is None:
        return
    yield content.judge("a list of content blocks", _find_block_problem(result))
    if result.get("isError") is True or fits is None or text is None:
        return
    wrapped = _find_structure(setting, fits.endpoint) == "wrapped"
    if "structuredContent" not in result and wrapped:
        yield from (trial.not_applicable(ONLY_TEXT) for trial in (fits, text))
        return
    if "structuredContent" not in result:
        yield fits.broken("structuredContent", "there is no structuredContent beside the text")
        return
    data = result["structuredContent"]
    test = setting.compute_once(("mcp_results", exchange.place), partial(_make_test, fits))
    answer = data[RESULT] if wrapped and isinstance(data, Mapping) and list(data) == [RESULT] else data
    error = next(iter(test.iter_errors(answer)), None)
    if error is not None:
        where = ".".join(map(str, error.instance_path)) or "structuredContent"
        expected, problem = f"{where} satisfies the output schema", f"{where}: {{error}}"
        yield fits.broken(expected, problem, error=say_error(error.message, 300))
    else:
        yield fits.kept()
    if tells(list_texts(result), data) or tells(list_texts(result), answer):
        yield text.kept()
    else:
        problem = read_text(text_of(result)).problem
        yield text.broken("the text is the data as JSON", problem or "the text has other data")


def tells(texts: list[str], data: Any) -> bool:
    """True if the text blocks have the data: all together, or one of them beside others that say more.

    FastMCP writes each item of a list into a block of its own, and a text as it is.
    """
    if isinstance(data, list) and len(data) == len(texts) and all(map(_is_text_of, texts, data)):
        return True
    return any(_is_text_of(text, data) for text in ("\n".join(texts), *texts))


def _is_text_of(text: str, data: Any) -> bool:
    read = read_text(text)
    return text == data or (not read.problem and bool(read.value == data))


def _make_test(trial: Trial) -> Any:
    schemas = trial.model.schemas
    # JSON Schema 2020-12 takes `format` as a remark
    return validator(read_as_2020(trial.action.success.schema or {}, schemas), {}, formats=False)


def _find_block_problem(result: Mapping[str, Any]) -> str:
    """Return what is wrong with a result's content blocks; empty if nothing is."""
    blocks = result.get("content")
    if not isinstance(blocks, list):
        return "there is no content"
    if not isinstance(result.get("isError", False), bool):
        return "isError is not a boolean"
    for block in blocks:
        if not isinstance(block, Mapping) or block.get("type") not in KINDS:
            return f"a block is of no known type: {str(block)[:100]}"
        if block["type"] == "text" and not isinstance(block.get("text"), str):
            return "a text block has no text"
    return ""


CHECK = make_check("mcp_results", __doc__, cases, watch=watch, turn=3, tools=True, rank=Rank.UNDOCUMENTED)
