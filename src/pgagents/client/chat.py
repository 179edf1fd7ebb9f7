"""The chat completions form of a tool call, which OpenAI made and others took over: an item of `tool_calls`, a message of role `tool`."""

from __future__ import annotations

from typing import Any

from pgagents.client.answer import Answer
from pgagents.client.form import Form, output
from pgagents.client.toolcall import ToolCall, inside, mapping, member, text, written


def chat_form(title: str, surface: str, what: str) -> Form:
    """The form for one vendor; `what` is how a message about a broken call names it."""

    def read(message: Any) -> ToolCall:
        """One item of the assistant's `tool_calls`; its arguments are text, which a model does not always write as JSON."""
        found = mapping(message)
        function = inside(found, "function", what)
        return written(member(function, "name", what), member(found, "id", what), function.get("arguments"))

    return Form(title, surface, read, _write, _compose)


def _write(call: ToolCall, answer: Answer) -> dict[str, Any]:
    """The message that answers it; an error is told in its text, for the form has no place of its own."""
    return {"role": "tool", "tool_call_id": call.id, "content": text(output(answer))}


def _compose(name: str, arguments: dict[str, Any], id: str) -> dict[str, Any]:
    """An item of `tool_calls` as a model answers it."""
    return {"id": id, "type": "function", "function": {"name": name, "arguments": text(arguments)}}
