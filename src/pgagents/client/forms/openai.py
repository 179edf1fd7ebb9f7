"""OpenAI Chat Completions: an item of `tool_calls` in, a message of role `tool` out.

https://platform.openai.com/docs/guides/function-calling, read 2026-11-20.
"""

from __future__ import annotations

from pgagents.client.form import chat_form

FORM = chat_form("OpenAI Chat Completions tool_call", "openai_tools", "tool call of Chat Completions")
