"""Grok tools for chat completions: the nested form.

https://docs.x.ai/developers/tools/function-calling, read 2026-11-20.
"""

from __future__ import annotations

from pgagents.generate.lower.dialect import XAI
from pgagents.generate.tool_list import tool_list

TARGET = tool_list("Grok tools, chat completions", "xai/tools.chat.json", "xai", XAI, limited_by="xAI")
