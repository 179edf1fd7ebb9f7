"""Findings for a person: each with its line, then what is left on the vendor's side, then the counts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pgagents.diagnostics import Diagnostic, printable, show
from pgagents.lint.judged import Judged

MOST = 200


def text(judged: Sequence[Judged]) -> str:
    """The whole output; ends without a line break."""
    blocks = []
    for one in judged:
        blocks += [show(diagnostic, one.source) for diagnostic in one.found[:MOST]]
        if len(one.found) > MOST:
            blocks.append(f"… and {len(one.found) - MOST:,} more; `--format json` has them all")
        if one.lines:
            blocks.append("\n".join([f"{one.title}, {one.source.file}:", *(f"  {printable(line)}" for line in one.lines)]))
    return "\n\n".join([*blocks, *(_summary(one) for one in judged)])


def _summary(one: Judged) -> str:
    ignored = f"; {_count(one.ignored, 'finding')} ignored with a reason" if one.ignored else ""
    return f"{one.source.file} ({one.judge}): {counts(one.found)}{ignored}"


def counts(found: Iterable[Diagnostic]) -> str:
    """`2 errors, 1 warning`, or `nothing found`."""
    severities = [d.severity for d in found]
    told = [_count(severities.count(s), s) for s in ("error", "warning", "note") if s in severities]
    return ", ".join(told) or "nothing found"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
