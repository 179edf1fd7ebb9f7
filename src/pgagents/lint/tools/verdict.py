"""Judge a tool list and return its findings at their lines."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from pgagents.errors import PgagentsError
from pgagents.lint.judged import Judged
from pgagents.lint.requirement import requirements
from pgagents.lint.tools import anthropic, gemini, mcp, openai, perplexity, xai
from pgagents.lint.tools.found import Found
from pgagents.lint.tools.shape import Tool, tools
from pgagents.source.diagnostics import Diagnostic, Severity
from pgagents.source.source import Source

JUDGES: dict[str, tuple[str, Callable[[Sequence[Tool], Any], Iterator[Found]]]] = {
    "openai-tools": ("OpenAI's API", openai.judge),
    "anthropic-tools": ("Anthropic's API", anthropic.judge),
    "gemini-tools": ("the Gemini API", gemini.judge),
    "xai-tools": ("xAI's API", xai.judge),
    "perplexity-tools": ("Perplexity's Agent API", perplexity.judge),
    "mcp-tools": ("MCP clients", mcp.judge),
}


def judge(source: Source, name: str) -> Judged:
    """Judge the functions of a list; other kinds of tools are skipped. Raises PgagentsError if there is no
    function.
    """
    title, judging = JUDGES[name]
    listed = list(tools(source.data))
    if not listed:
        raise PgagentsError(
            f"{source.file} lists no function tools", "give the list as it goes into the request"
        )
    found = [*_twice(listed), *judging(listed, source.data)]
    lines = (
        (
            f"{len(listed)} function{'' if len(listed) == 1 else 's'}: "
            f"{', '.join(tool.shown for tool in listed)}"
        ),
    )
    diagnostics = tuple(dict.fromkeys(_diagnostic(one, name, source) for one in found))
    return Judged(
        source, name, title, diagnostics, lines, {"functions": [{"name": tool.shown} for tool in listed]}
    )


def _twice(listed: Sequence[Tool]) -> Iterator[Found]:
    first: dict[str, str] = {}
    for tool in listed:
        if isinstance(tool.name, str):
            known = tool.name.lower() in first
            other = first.setdefault(tool.name.lower(), tool.name)
            if known and other == tool.name:
                yield Found(
                    "catalogue.distinct-names",
                    f"`{tool.shown}` stands here again",
                    (*tool.at, "name"),
                    "rename one",
                )
            elif known:
                said = f"`{tool.shown}` and `{other[:80]}` differ only in case"
                yield Found("catalogue.distinct-names", said, (*tool.at, "name"), "rename one", "warning")


def _diagnostic(found: Found, judge: str, source: Source) -> Diagnostic:
    row = requirements()[found.requirement]
    severity: Severity = found.severity or ("error" if row.level == "MUST" else "warning")
    id = f"{judge}/{row.id.partition('.')[2]}"
    return Diagnostic(source.locate(found.pointer), id, severity, found.message, found.help, (row.cited,))
