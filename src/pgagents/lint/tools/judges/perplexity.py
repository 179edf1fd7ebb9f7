"""Judge flat functions for Perplexity's Agent API, which serves models of several vendors."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from pgagents.lint.tools.tool_judge import Found, Tool, ToolJudge

_SAFE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}", re.A)


def judge(tools: Sequence[Tool], _whole: Any) -> Iterator[Found]:
    """Yield violations of the API's types, and of the limits that every model behind it has."""
    for tool in tools:
        if "function" in tool.at:
            yield Found(
                "perplexity.shape",
                f"`{tool.shown}` stands inside `function`; the API takes it flat",
                tool.at,
                "move it out",
            )
        if tool.style and not isinstance(tool.schema, dict):
            yield Found(
                "perplexity.shape",
                f"`parameters` of `{tool.shown}` is not a mapping",
                tool.schema_at,
                "give a JSON Schema",
            )
        if not isinstance(tool.name, str) or not tool.name:
            yield Found("perplexity.shape", "a function has no name", tool.at, "add `name`")
        elif not _SAFE.fullmatch(tool.name):
            said = f"function name `{tool.shown}` is not taken by the models of all vendors behind the API"
            yield Found(
                "perplexity.any-vendor", said, (*tool.at, "name"), "letters, digits and `_`, at most 64"
            )


JUDGE = ToolJudge("Perplexity's Agent API", judge, "perplexity", like_openai=True)
