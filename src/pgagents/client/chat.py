"""The Chat Completions format of a tool call, shared by several vendors: an item of `tool_calls`, a
message of role `tool`.
"""

from __future__ import annotations

from typing import Any

from pgagents.client.answer import Answer
from pgagents.client.form import Form, output
from pgagents.client.toolcall import ToolCall, inside, mapping, member, parse_toolcall, text


def chat_form(title: str, surface: str, what: str) -> Form:
    """Return the format for one vendor; `what` names the message in errors about a malformed call."""

    def read(message: Any) -> ToolCall:
        """Read one item of the assistant's `tool_calls`; its arguments are text that is not always valid
        JSON.
        """
        found = mapping(message)
        function = inside(found, "function", what)
        return parse_toolcall(
            member(function, "name", what), member(found, "id", what), function.get("arguments")
        )

    return Form(title, surface, read, _write, _compose)


def _write(call: ToolCall, answer: Answer) -> dict[str, Any]:
    """Return the message that answers a call; an error goes into its text, because the format has no
    member for it.
    """
    return {"role": "tool", "tool_call_id": call.id, "content": text(output(answer))}


def _compose(name: str, arguments: dict[str, Any], id: str) -> dict[str, Any]:
    """Return an item of `tool_calls` as a model writes it."""
    return {"id": id, "type": "function", "function": {"name": name, "arguments": text(arguments)}}
