"""OpenAI Chat Completions: an item of `tool_calls` in, a message of role `tool` out.

https://platform.openai.com/docs/guides/function-calling, read 2026-11-20.
"""

from __future__ import annotations

from typing import Any

from pgagents.client.answer import Answer
from pgagents.client.form import Form, output
from pgagents.client.toolcall import ToolCall, inside, mapping, member, text, written

_WHAT = "tool call of Chat Completions"


def read(message: Any) -> ToolCall:
    """One item of the assistant's `tool_calls`; its arguments are text, which a model does not always write as JSON."""
    found = mapping(message)
    function = inside(found, "function", _WHAT)
    return written(member(function, "name", _WHAT), member(found, "id", _WHAT), function.get("arguments"))


def write(call: ToolCall, answer: Answer) -> dict[str, Any]:
    """The message that answers it; an error is told in its text, for the form has no place of its own."""
    return {"role": "tool", "tool_call_id": call.id, "content": text(output(answer))}


def compose(name: str, arguments: dict[str, Any], id: str) -> dict[str, Any]:
    """An item of `tool_calls` as a model answers it."""
    return {"id": id, "type": "function", "function": {"name": name, "arguments": text(arguments)}}


FORM = Form("OpenAI Chat Completions tool_call", "openai_tools", read, write, compose)
