"""OpenAI function tools for the Responses API, strict: every member is always present, null if it is not
given.

https://platform.openai.com/docs/guides/structured-outputs, read 2026-11-20.
"""

from __future__ import annotations

from pgagents.generate.lower.dialect import OPENAI, OPENAI_STRICT
from pgagents.generate.strict import Budget
from pgagents.generate.tool_list import tool_list

# "a schema may have up to 5000 object properties total, with up to 10 levels of nesting", 120,000 characters,
# 1,000 enum values
_BUDGET = Budget(depth=10, properties=5000, characters=120_000, enum_values=1000)

TARGET = tool_list(
    "OpenAI tools (Responses, strict)",
    "openai/tools.responses.strict.json",
    "openai_tools",
    OPENAI,
    limited_by="OpenAI",
    strict=(OPENAI_STRICT, _BUDGET),
)
