"""Findings for a person: each with its source line, then what the vendor would import, then the counts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from pgagents.lint.judged import Judged
from pgagents.source.diagnostics import Diagnostic, shorten, show

MOST = 200
_MOST_LINE = 300
_COLOURS = {"error": "31", "warning": "33", "note": "36"}
_MARKED = re.compile(r"(error|warning|note)\[[^\]\n]*\]")


def text(judged: Sequence[Judged], *, colour: bool = False) -> str:
    """Return the whole output, without a final line break. `colour` marks severities for a terminal."""
    blocks = []
    for one in judged:
        shown = [show(diagnostic, one.source_of(diagnostic)) for diagnostic in one.found[:MOST]]
        blocks += [_colour(block) for block in shown] if colour else shown
        if len(one.found) > MOST:
            blocks.append(f"… and {len(one.found) - MOST:,} more; `--format json` has them all")
        if one.lines:
            blocks.append(
                "\n".join([f"{one.title}, {one.source.file}:", *(f"  {_cut(line)}" for line in one.lines)])
            )
    return "\n\n".join([*blocks, *(_summary(one) for one in judged)])


def _colour(block: str) -> str:
    """Colour the severity and id that begin a finding."""
    return _MARKED.sub(
        lambda match: f"\x1b[1;{_COLOURS[match.group(1)]}m{match.group()}\x1b[0m", block, count=1
    )


def _cut(line: str) -> str:
    blank = line[: len(line) - len(line.lstrip(" "))]
    return blank[:8] + shorten(line, _MOST_LINE)


def _summary(one: Judged) -> str:
    ignored = f"; {_count(one.ignored, 'finding')} ignored with a reason" if one.ignored else ""
    return f"{one.source.file} ({one.judge}): {counts(one.found)}{ignored}"


def counts(found: Iterable[Diagnostic]) -> str:
    """Return `2 errors, 1 warning`, or `nothing found`."""
    severities = [d.severity for d in found]
    told = [_count(severities.count(s), s) for s in ("error", "warning", "note") if s in severities]
    return ", ".join(told) or "nothing found"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
