"""Gemini: a part with `functionCall` in, a part with `functionResponse` out.

The answer's `response` is an object with `output` for a success and `error` for a failure
(https://ai.google.dev/api/caching#FunctionResponse, read 2026-11-20).
"""

from __future__ import annotations

from typing import Any

from pgagents.client.answer import Answer
from pgagents.client.form import Form, ToolCall, make_toolcall, mapping, member, output

_WHAT = "Gemini functionCall"


def read(message: Any) -> ToolCall:
    """Read a part, or the functionCall in it, in both spellings of the API; only newer models send an id."""
    found = mapping(message)
    call = found.get("functionCall") or found.get("function_call") or found
    call = mapping(call)
    id = call.get("id")
    return make_toolcall(member(call, "name", _WHAT), id if isinstance(id, str) else None, call.get("args"))


def write(call: ToolCall, answer: Answer) -> dict[str, Any]:
    """Return the part that answers a call, to be sent under the role `user`."""
    shown = output(answer)
    response = {"error": shown["error"]} if answer.problem else {"output": shown}
    return {
        "functionResponse": {**({"id": call.id} if call.id else {}), "name": call.name, "response": response}
    }


def compose(name: str, arguments: dict[str, Any], id: str) -> dict[str, Any]:
    """Return a part as a model writes it."""
    return {"functionCall": {"id": id, "name": name, "args": arguments}}


FORM = Form("Gemini functionCall", "gemini", read, write, compose)
