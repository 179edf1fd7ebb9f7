"""Grok's Responses API: an item `function_call` in, an item `function_call_output` out.

https://docs.x.ai/developers/tools/function-calling, read 2026-11-20.
"""

from __future__ import annotations

from typing import Any

from pgagents.client.form import Form, ToolCall, mapping, member, parse_toolcall
from pgagents.client.forms.openai_responses import compose, write

_WHAT = "function_call of Grok's Responses API"


def read(message: Any) -> ToolCall:
    """Read an item of the response's `output`; its `id` stands in for a missing `call_id`."""
    found = mapping(message)
    id = member(found, "call_id" if found.get("call_id") else "id", _WHAT)
    return parse_toolcall(member(found, "name", _WHAT), id, found.get("arguments"))


FORM = Form("Grok Responses function_call", "xai", read, write, compose)
