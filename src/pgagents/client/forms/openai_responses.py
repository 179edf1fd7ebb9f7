"""The OpenAI Responses API: an item `function_call` in, an item `function_call_output` out.

https://platform.openai.com/docs/guides/function-calling, read 2026-11-20.
"""

from __future__ import annotations

from typing import Any

from pgagents.client.answer import Answer
from pgagents.client.form import Form, ToolCall, mapping, member, output, parse_toolcall, text

_WHAT = "function_call of the Responses API"


def read(message: Any) -> ToolCall:
    """Read an item of the response's `output`; its answer must name its `call_id`, not its `id`."""
    found = mapping(message)
    return parse_toolcall(
        member(found, "name", _WHAT), member(found, "call_id", _WHAT), found.get("arguments")
    )


def write(call: ToolCall, answer: Answer) -> dict[str, Any]:
    """Return the input item that answers a call."""
    return {"type": "function_call_output", "call_id": call.id, "output": text(output(answer))}


def compose(name: str, arguments: dict[str, Any], id: str) -> dict[str, Any]:
    """Return an item as a model writes it."""
    return {"type": "function_call", "call_id": id, "name": name, "arguments": text(arguments)}


FORM = Form("OpenAI Responses function_call", "openai_tools", read, write, compose)
