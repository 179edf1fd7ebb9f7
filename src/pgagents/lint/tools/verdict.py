"""Judge a tool list and return its findings at their lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pgagents.errors import PgagentsError
from pgagents.lint.judged import Judged
from pgagents.lint.requirement import requirements
from pgagents.lint.tools.found import Found
from pgagents.lint.tools.shape import Tool, tools
from pgagents.lint.tools.tool_judge import list_judges
from pgagents.source.diagnostics import Diagnostic, Severity
from pgagents.source.source import Source


def judge(source: Source, name: str) -> Judged:
    """Judge the functions of a list; other kinds of tools are skipped. Raises PgagentsError if there is no
    function.
    """
    chosen = list_judges()[name]
    listed = list(tools(source.data))
    if not listed:
        raise PgagentsError(
            f"{source.file} lists no function tools", "give the list as it goes into the request"
        )
    lines = (
        (
            f"{len(listed)} function{'' if len(listed) == 1 else 's'}: "
            f"{', '.join(tool.shown for tool in listed)}"
        ),
    )
    diagnostics = make_diagnostics(name, listed, source)
    shown = {"functions": [{"name": tool.shown} for tool in listed]}
    return Judged(source, name, chosen.title, diagnostics, lines, shown)


def make_diagnostics(name: str, listed: Sequence[Tool], source: Source) -> tuple[Diagnostic, ...]:
    """Return a judge's findings about these tools, each once."""
    found = [*_twice(listed), *list_judges()[name].judge(listed, source.data)]
    return tuple(dict.fromkeys(_diagnostic(one, name, source) for one in found))


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
