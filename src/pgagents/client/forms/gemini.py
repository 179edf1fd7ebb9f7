"""Gemini: a part with `functionCall` in, a part with `functionResponse` out.

The answer's `response` is an object, with `output` for what came and `error` for what went wrong
(https://ai.google.dev/api/caching#FunctionResponse, read 2026-11-20).
"""

from __future__ import annotations

from typing import Any

from pgagents.client.answer import Answer
from pgagents.client.form import Form, output
from pgagents.client.toolcall import ToolCall, make_toolcall, mapping, member

_WHAT = "Gemini functionCall"


def read(message: Any) -> ToolCall:
    """A part, or the functionCall in it; both spellings that the API takes. The id is there on newer models only."""
    found = mapping(message)
    call = found.get("functionCall") or found.get("function_call") or found
    call = mapping(call)
    id = call.get("id")
    return make_toolcall(member(call, "name", _WHAT), id if isinstance(id, str) else None, call.get("args"))


def write(call: ToolCall, answer: Answer) -> dict[str, Any]:
    """The part to send back under the role `user`."""
    shown = output(answer)
    response = {"error": shown["error"]} if answer.problem else {"output": shown}
    return {"functionResponse": {**({"id": call.id} if call.id else {}), "name": call.name, "response": response}}


def compose(name: str, arguments: dict[str, Any], id: str) -> dict[str, Any]:
    """A part as a model answers it."""
    return {"functionCall": {"id": id, "name": name, "args": arguments}}


FORM = Form("Gemini functionCall", "gemini", read, write, compose)
