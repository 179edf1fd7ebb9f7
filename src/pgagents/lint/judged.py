"""What a judge says of one file: findings at their lines, and what is left of it on the vendor's side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pgagents.lint.ignores import ignores
from pgagents.source.diagnostics import Diagnostic
from pgagents.source.source import Source

SEVERITIES = ("error", "warning", "note")
"""The worst first."""


@dataclass(frozen=True, slots=True)
class Judged:
    """`judge` is who judged (`catalogue`, `gpt-builder`); `lines` is what a person reads below the findings, `details` the same for
    programs; `ignored` counts findings that the author has answered."""

    source: Source
    judge: str
    title: str
    found: tuple[Diagnostic, ...]
    lines: tuple[str, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)
    ignored: int = 0

    def fails(self, on: str) -> bool:
        """Whether there is a finding of this severity or a worse one; none is as bad as `never`."""
        bad = SEVERITIES[: SEVERITIES.index(on) + 1] if on in SEVERITIES else ()
        return any(d.severity in bad for d in self.found)


def answered(judged: Judged) -> Judged:
    """Without the findings that a comment beside the value answers with a reason; a comment that answers nothing is itself found."""
    comments = ignores(judged.source)
    if not comments:
        return judged
    silent = {(c.line, id) for c in comments if c.reason for id in c.ids}
    kept = [d for d in judged.found if (d.span.line, d.id) not in silent]
    ignored = len(judged.found) - len(kept)
    there = {(d.span.line, d.id) for d in judged.found}
    for comment in comments:
        idle = [id for id in comment.ids if (comment.line, id) not in there]
        if not comment.readable or not comment.reason or idle:
            said = f"`{idle[0]}` is not found here, so this ignores nothing" if idle else "this comment names no finding, or no reason"
            help = "write `# pgagents: ignore[ID] reason` beside the value, or remove it"
            kept.append(Diagnostic(comment.span, "document/idle-ignore", "warning", said, help))
    return replace(judged, found=tuple(kept), ignored=ignored)
