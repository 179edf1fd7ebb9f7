"""OpenAI function tools for the Responses API: the flat form, not strict.

`strict: false` is written, because a missing `strict` means "strict if possible".
https://platform.openai.com/docs/guides/function-calling, read 2026-11-20.
"""

from __future__ import annotations

from pgagents.generate.lower.dialect import OPENAI
from pgagents.generate.tool_list import tool_list

TARGET = tool_list(
    "OpenAI tools (Responses)", "openai/tools.responses.json", "openai_tools", OPENAI, limited_by="OpenAI"
)
