"""Grok chat completions: an item of `tool_calls` in, a message of role `tool` out; protobuf calls of the
Python SDK also work.

In xai-sdk the answer is `tool_result(content, tool_call_id)` of the message's two members.
https://docs.x.ai/developers/tools/function-calling, read 2026-11-20.
"""

from __future__ import annotations

from pgagents.client.form import chat_form

FORM = chat_form("Grok tool_call", "xai", "tool call of Grok")
