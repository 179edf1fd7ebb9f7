"""Gemini function declarations in JSON Schema, the style that Google's own kits prefer: one Tool object.

https://ai.google.dev/gemini-api/docs/function-calling, read 2026-11-20.
"""

from __future__ import annotations

from pgagents.generate.lower.dialect import GEMINI_JSON
from pgagents.generate.tool_list import tool_list

TARGET = tool_list(
    "Gemini functions in JSON Schema",
    "gemini/functions.jsonschema.json",
    "gemini",
    GEMINI_JSON,
    limited_by="Gemini",
    answers=True,
    member="functions",
)
