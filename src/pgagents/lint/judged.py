"""What a judge says of one file: findings at their lines, and what is left of it on the vendor's side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pgagents.diagnostics import Diagnostic
from pgagents.source import Source


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

    @property
    def refused(self) -> bool:
        """Whether there is anything to correct; a note is none."""
        return any(d.severity != "note" for d in self.found)
