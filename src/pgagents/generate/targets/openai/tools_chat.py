"""OpenAI function tools for Chat Completions: the nested form, not strict.

https://platform.openai.com/docs/guides/function-calling, read 2026-11-20.
"""

from __future__ import annotations

from pgagents.generate.lower.dialect import OPENAI
from pgagents.generate.tool_list import tool_list

TARGET = tool_list(
    "OpenAI tools (Chat Completions)", "openai/tools.chat.json", "openai_tools", OPENAI, limited_by="OpenAI"
)
