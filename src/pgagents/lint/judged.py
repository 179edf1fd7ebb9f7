"""A judge's result for one file: findings at their lines, and what the vendor would import."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pgagents.lint.ignores import ignores
from pgagents.source.diagnostics import Diagnostic
from pgagents.source.source import Source

SEVERITIES = ("error", "warning", "note")
"""Severities, the most severe first."""


@dataclass(frozen=True, slots=True)
class Judged:
    """The result for one file.

    `judge` is the judge's name (`catalogue`, `gpt-builder`). `lines` is text for a person below the findings,
    `details` is the same for programs. `ignored` counts findings that a comment with a reason ignores.
    """

    source: Source
    judge: str
    title: str
    found: tuple[Diagnostic, ...]
    lines: tuple[str, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)
    ignored: int = 0
    sources: Mapping[str, Source] = field(default_factory=dict)
    """Further files of a package, by their name in messages."""

    def source_of(self, diagnostic: Diagnostic) -> Source:
        """Return the file of a finding."""
        return self.sources.get(diagnostic.span.file, self.source)

    def fails(self, on: str) -> bool:
        """True if there is a finding of severity `on` or worse; always false for `never`."""
        bad = SEVERITIES[: SEVERITIES.index(on) + 1] if on in SEVERITIES else ()
        return any(d.severity in bad for d in self.found)


def apply_ignores(judged: Judged) -> Judged:
    """Remove findings that a comment beside the value ignores with a reason.

    A comment without a matching finding becomes a finding.
    """
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
            said = (
                f"`{idle[0]}` is not found here, so this ignores nothing"
                if idle
                else "this comment names no finding, or no reason"
            )
            help = "write `# pgagents: ignore[ID] reason` beside the value, or remove it"
            kept.append(Diagnostic(comment.span, "document/idle-ignore", "warning", said, help))
    return replace(judged, found=tuple(kept), ignored=ignored)
