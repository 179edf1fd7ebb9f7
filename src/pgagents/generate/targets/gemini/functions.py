"""Gemini function declarations in the API's own Schema (a part of OpenAPI 3.0): one Tool object.

https://ai.google.dev/api/caching#FunctionDeclaration, read 2026-11-20.
"""

from __future__ import annotations

from pgagents.generate.lower.dialect import GEMINI
from pgagents.generate.tool_list import tool_list

TARGET = tool_list(
    "Gemini functions",
    "gemini/functions.json",
    "gemini",
    GEMINI,
    limited_by="Gemini",
    answers=True,
    member="functions",
)
