"""Anthropic tools for the Messages API, not strict: the schema guides the model, but is not enforced.

https://platform.claude.com/docs/en/agents-and-tools/tool-use/overview, read 2026-11-20.
"""

from __future__ import annotations

from pgagents.generate.lower.dialect import ANTHROPIC
from pgagents.generate.tool_list import tool_list

TARGET = tool_list("Anthropic tools", "anthropic/tools.json", "anthropic", ANTHROPIC)
