"""Perplexity's Agent API: an item `function_call` in, an item `function_call_output` out.

Models of several vendors answer behind it: some need the function's name in the answer too, some the
unchanged `thought_signature` (https://docs.perplexity.ai/docs/agent-api/tools/custom-functions, read
2026-11-20).
"""

from __future__ import annotations

from typing import Any

from pgagents.client.answer import Answer
from pgagents.client.form import Form, ToolCall, mapping, member, output, parse_toolcall, text

_WHAT = "function_call of the Agent API"


def read(message: Any) -> ToolCall:
    """Read an item of the response's `output`."""
    found = mapping(message)
    repeated = {"thought_signature": found["thought_signature"]} if found.get("thought_signature") else {}
    return parse_toolcall(
        member(found, "name", _WHAT), member(found, "call_id", _WHAT), found.get("arguments"), repeated
    )


def write(call: ToolCall, answer: Answer) -> dict[str, Any]:
    """Return the input item that answers a call."""
    return {
        "type": "function_call_output",
        "call_id": call.id,
        "name": call.name,
        "output": text(output(answer)),
        **call.more,
    }


def compose(name: str, arguments: dict[str, Any], id: str) -> dict[str, Any]:
    """Return an item as a model writes it."""
    return {
        "type": "function_call",
        "id": id,
        "call_id": id,
        "name": name,
        "arguments": text(arguments),
        "status": "completed",
    }


FORM = Form("Perplexity function_call", "perplexity", read, write, compose)
