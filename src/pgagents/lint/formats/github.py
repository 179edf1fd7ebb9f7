"""Findings as GitHub workflow commands, which annotate lines of a pull request.

https://docs.github.com/actions/reference/workflow-commands-for-github-actions, read 2026-11-20.
"""

from __future__ import annotations

from collections.abc import Sequence

from pgagents.lint.judged import Judged
from pgagents.source.diagnostics import shorten

_COMMANDS = {"error": "error", "warning": "warning", "note": "notice"}


def render(judged: Sequence[Judged]) -> str:
    """Return one line per finding."""
    lines = []
    for one in judged:
        for d in one.found:
            place = (
                f"file={_property(d.span.file)},line={d.span.line},col={d.span.column},"
                f"title={_property(d.id)}"
            )
            lines.append(
                f"::{_COMMANDS[d.severity]} {place}::"
                f"{_text(shorten(d.message) + d.span.suffix + (f' — {d.help}' if d.help else ''))}"
            )
    return "\n".join(lines)


def _text(value: str) -> str:
    return value.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(value: str) -> str:
    return _text(value).replace(":", "%3A").replace(",", "%2C")
