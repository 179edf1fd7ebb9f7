"""Grok's Responses API: an item `function_call` in, an item `function_call_output` out.

https://docs.x.ai/developers/tools/function-calling, read 2026-11-20.
"""

from __future__ import annotations

from typing import Any

from pgagents.client.answer import Answer
from pgagents.client.form import Form, output
from pgagents.client.toolcall import ToolCall, mapping, member, parse_toolcall, text

_WHAT = "function_call of Grok's Responses API"


def read(message: Any) -> ToolCall:
    """Read an item of the response's `output`; its `id` stands in for a missing `call_id`."""
    found = mapping(message)
    id = member(found, "call_id" if found.get("call_id") else "id", _WHAT)
    return parse_toolcall(member(found, "name", _WHAT), id, found.get("arguments"))


def write(call: ToolCall, answer: Answer) -> dict[str, Any]:
    """Return the input item that answers a call."""
    return {"type": "function_call_output", "call_id": call.id, "output": text(output(answer))}


def compose(name: str, arguments: dict[str, Any], id: str) -> dict[str, Any]:
    """Return an item as a model writes it."""
    return {"type": "function_call", "call_id": id, "name": name, "arguments": text(arguments)}


FORM = Form("Grok Responses function_call", "xai", read, write, compose)
