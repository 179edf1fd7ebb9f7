"""Anthropic tools for the Messages API, strict within the vendor's limits.

https://platform.claude.com/docs/en/build-with-claude/structured-outputs, read 2026-11-20.
"""

from __future__ import annotations

from pgagents.generate.lower.dialect import ANTHROPIC, ANTHROPIC_STRICT
from pgagents.generate.strict import Budget
from pgagents.generate.tool_list import tool_list

# limits for all tools of one request; a request over them is refused
_BUDGET = Budget(tools=20, optional=24, unions=16)

TARGET = tool_list(
    "Anthropic tools (strict)",
    "anthropic/tools.strict.json",
    "anthropic",
    ANTHROPIC,
    strict=(ANTHROPIC_STRICT, _BUDGET),
)
