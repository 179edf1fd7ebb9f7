"""Grok chat completions: an item of `tool_calls` in, a message of role `tool` out. The Python SDK's protobuf calls are read too.

https://docs.x.ai/developers/tools/function-calling, read 2026-11-20.
"""

from __future__ import annotations

from typing import Any

from pgagents.client.answer import Answer
from pgagents.client.form import Form, output
from pgagents.client.toolcall import ToolCall, inside, mapping, member, text, written

_WHAT = "tool call of Grok"


def read(message: Any) -> ToolCall:
    """One item of `tool_calls`; its arguments are JSON text."""
    found = mapping(message)
    function = inside(found, "function", _WHAT)
    return written(member(function, "name", _WHAT), member(found, "id", _WHAT), function.get("arguments"))


def write(call: ToolCall, answer: Answer) -> dict[str, Any]:
    """The message that answers it: in xai-sdk, `tool_result(content, tool_call_id)` of its two members."""
    return {"role": "tool", "tool_call_id": call.id, "content": text(output(answer))}


def compose(name: str, arguments: dict[str, Any], id: str) -> dict[str, Any]:
    """An item of `tool_calls` as a model answers it."""
    return {"id": id, "type": "function", "function": {"name": name, "arguments": text(arguments)}}


FORM = Form("Grok tool_call", "xai", read, write, compose)
