"""Anthropic's Messages API: a `tool_use` block in, a `tool_result` block out.

https://platform.claude.com/docs/en/agents-and-tools/tool-use/overview, read 2026-11-20.
"""

from __future__ import annotations

from typing import Any

from pgagents.client.answer import Answer
from pgagents.client.form import Form, ToolCall, make_toolcall, mapping, member, output, text

_WHAT = "tool_use of the Messages API"


def read(message: Any) -> ToolCall:
    """Read a block of the assistant's content."""
    found = mapping(message)
    return make_toolcall(member(found, "name", _WHAT), member(found, "id", _WHAT), found.get("input"))


def write(call: ToolCall, answer: Answer) -> dict[str, Any]:
    """Return the block that answers a call, for the user's next message."""
    made = {"type": "tool_result", "tool_use_id": call.id, "content": text(output(answer))}
    return {**made, "is_error": True} if answer.problem else made


def compose(name: str, arguments: dict[str, Any], id: str) -> dict[str, Any]:
    """Return a block as a model writes it."""
    return {"type": "tool_use", "id": id, "name": name, "input": arguments}


FORM = Form("Anthropic tool_use", "anthropic", read, write, compose)
