"""Findings as compilers print them, which editors can parse: FILE:LINE:COLUMN: severity: [rule] message."""

from __future__ import annotations

from collections.abc import Sequence

from pgagents.lint.judged import Judged
from pgagents.source.diagnostics import printable, shorten


def render(judged: Sequence[Judged]) -> str:
    """Return a line for every finding of every file; empty without findings."""
    return "\n".join(
        f"{printable(d.span.position)}: {d.severity}: [{d.id}] {shorten(d.message)}"
        + printable(d.span.suffix)
        for one in judged
        for d in one.found
    )
