"""A tool's result has valid content blocks, structured content that fits the output schema, and the same data
as text.

Every result in the run is judged; of an error result only the content blocks. Tools without an output schema
of an object need no structured content.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from pgagents.base.http import read_json
from pgagents.catalogue.decoding.medium import is_json
from pgagents.report.contract import Contract, Rank
from pgagents.verify.projections import read_as_2020
from pgagents.verify.promise import Check, Judgement, judge_broken, judge_kept, promise
from pgagents.verify.setting import Memory, Setting
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange
from pgagents.verify.wire.mcp_messages import list_texts, result_of, text_of

NAME = "mcp_results"
CITE = ("MCP 2025-11-25, server/tools",)
KINDS = ("text", "image", "audio", "resource", "resource_link")


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield up to three contracts for each tool: about its content blocks, structured content, and equal
    text.
    """
    for endpoint in setting.tools:
        name, origin = endpoint.action.name, endpoint.action.success.origin
        yield promise(
            NAME, "content", endpoint, f"a result of {name} is a list of content blocks", origin, CITE
        )
        if _has_output_schema(endpoint):
            yield promise(
                NAME,
                "fits",
                endpoint,
                f"structuredContent of {name} satisfies the tool's output schema",
                origin,
                CITE,
            )
            says = f"the text of {name} is its structuredContent"
            alone = setting.model.is_only_tool(endpoint.action)  # then only the protocol promises anything
            yield replace(promise(NAME, "text", endpoint, says, origin, CITE), advice=alone)


def _has_output_schema(endpoint: Endpoint) -> bool:
    """True if the tool is listed with an output schema.

    Servers up to 2025-11-25 can only list schemas of objects.
    """
    answer = endpoint.action.success
    return answer.schema is not None and is_json(answer.content_type) and _is_object(answer.schema)


def _is_object(schema: Mapping[str, Any]) -> bool:
    return schema.get("type") == "object" or "properties" in schema or "$ref" in schema or "allOf" in schema


def watch(exchange: Exchange, memory: Memory) -> Iterator[Judgement]:
    """Judge every tool result. For an error, judge only the content blocks."""
    endpoint = exchange.call.endpoint
    result = result_of(exchange.answer) if endpoint is not None and endpoint.form is not None else None
    if endpoint is None or result is None:
        return
    contract = f"{NAME}/content/{endpoint.place}"
    problem = _blocks(result)
    yield judge_broken(contract, "a list of content blocks", problem) if problem else judge_kept(contract)
    if result.get("isError") is True or not _has_output_schema(endpoint):
        return
    if "structuredContent" not in result:
        yield judge_broken(
            f"{NAME}/fits/{endpoint.place}",
            "structuredContent",
            "there is no structuredContent beside the text",
        )
        return
    data = result["structuredContent"]
    test = memory.setting.compute_once((NAME, endpoint.place), lambda: _test(memory.setting, endpoint))
    error = next(iter(test.iter_errors(data)), None)
    if error is not None:
        where = ".".join(map(str, error.instance_path)) or "structuredContent"
        yield judge_broken(
            f"{NAME}/fits/{endpoint.place}",
            f"{where} satisfies the output schema",
            f"{where}: {error.message[:300]}",
        )
    else:
        yield judge_kept(f"{NAME}/fits/{endpoint.place}")
    text = read_json(text_of(result).encode())
    alone = (read_json(block.encode()) for block in list_texts(result))  # other texts may say more
    if (text.problem or text.value != data) and not any(not b.problem and b.value == data for b in alone):
        yield judge_broken(
            f"{NAME}/text/{endpoint.place}",
            "the text is the data as JSON",
            text.problem or "the text has other data",
        )
    else:
        yield judge_kept(f"{NAME}/text/{endpoint.place}")


def _test(setting: Setting, endpoint: Endpoint) -> Any:
    from pgagents.base.jsonschema.schema import validator

    return validator(
        read_as_2020(endpoint.action.success.schema or {}, setting.model.schemas), {}, formats=False
    )


def _blocks(result: Mapping[str, Any]) -> str:
    """Return what is wrong with a result's content blocks; empty if nothing is."""
    blocks = result.get("content")
    if not isinstance(blocks, list):
        return "there is no content"
    if not isinstance(result.get("isError", False), bool):
        return "isError is no boolean"
    for block in blocks:
        if not isinstance(block, Mapping) or block.get("type") not in KINDS:
            return f"a block is of no known type: {str(block)[:100]}"
        if block["type"] == "text" and not isinstance(block.get("text"), str):
            return "a text block has no text"
    return ""


CHECK = Check(
    NAME,
    __doc__,
    promises,
    watch=watch,
    turn=3,
    tools=True,
    rank=Rank.UNDOCUMENTED,
)
