"""Grok's Responses API: an item `function_call` in, an item `function_call_output` out.

https://docs.x.ai/developers/tools/function-calling, read 2026-11-20.
"""

from __future__ import annotations

from typing import Any

from pgagents.client.answer import Answer
from pgagents.client.form import Form, output
from pgagents.client.toolcall import ToolCall, mapping, member, text, written

_WHAT = "function_call of Grok's Responses API"


def read(message: Any) -> ToolCall:
    """An item of the response's `output`. Where it has no `call_id`, its `id` is that."""
    found = mapping(message)
    id = member(found, "call_id" if found.get("call_id") else "id", _WHAT)
    return written(member(found, "name", _WHAT), id, found.get("arguments"))


def write(call: ToolCall, answer: Answer) -> dict[str, Any]:
    """The input item that answers it."""
    return {"type": "function_call_output", "call_id": call.id, "output": text(output(answer))}


def compose(name: str, arguments: dict[str, Any], id: str) -> dict[str, Any]:
    """An item as a model answers it."""
    return {"type": "function_call", "call_id": id, "name": name, "arguments": text(arguments)}


FORM = Form("Grok Responses function_call", "xai", read, write, compose)
