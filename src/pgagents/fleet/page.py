"""The report of a fleet for people: one HTML page without external resources, and a table for a terminal.

Texts of the servers are never markup: Jinja escapes every value, and unprintable characters are escaped.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from pgagents.base.writing import printable
from pgagents.fleet.summary import Raise, Standing, Summary
from pgagents.report.contract import Rank
from pgagents.report.formats.html import escape_unprintable, hash_source, read_style
from pgagents.report.presentation import describe_ranks
from pgagents.report.verdicts import format_count

MOST_LINES = 40
"""APIs that the terminal shows."""
MOST_BROKEN = 12
_HERE = Path(__file__).parent
_WIDTH, _HEIGHT = 120, 28
_TONES = {0: "good", 1: "bad", 3: "odd"}
_VERBS = {"mend": "Mend", "write": "Write", "try": "Have tried"}


def render_page(summary: Summary) -> bytes:
    """Return the whole page."""
    text: str = _template().render(**_context(summary))
    return text.encode("utf-8", "replace")


@cache
def _template() -> Any:
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    page = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    page.filters |= {"shown": escape_unprintable, "raw": Markup, "sha256": hash_source}
    return page.from_string((_HERE / "page.html.j2").read_text(encoding="utf-8"))


def _context(summary: Summary) -> dict[str, Any]:
    present = [one for one in summary.standings if not one.missing]
    return {
        "style": read_style(_HERE / "page.css"),
        "file": summary.file,
        "tone": _TONES[summary.exit_code],
        "conclusion": conclude(summary),
        "missing": summary.missing,
        "apis": [_describe(one, summary) for one in present],
        "has_trend": len(summary.history) > 1,
        "gone": summary.gone,
        "requests": sum(one.requests for one in present),
    }


def _describe(standing: Standing, summary: Summary) -> dict[str, Any]:
    change = summary.changes.get(standing.name)
    scores = [scores[standing.name] for scores in summary.history if standing.name in scores]
    return {
        "name": standing.name,
        "title": standing.title,
        "url": standing.url,
        "score": standing.score,
        "counts": f"{standing.kept:,} of {standing.counted:,}",
        "tone": _TONES[standing.exit_code],
        "ranks": describe_ranks_of(standing),
        "complete": standing.complete,
        "best": describe_best(standing),
        "line": standing.best.line if standing.best is not None else "",
        "findings": standing.findings,
        "more": max(0, sum(standing.ranks.values()) - len(standing.findings)),
        "change": describe_change(standing, summary),
        "newly_broken": change.newly_broken[:MOST_BROKEN] if change else (),
        "points": _draw(scores),
    }


def _draw(scores: list[int]) -> str:
    """Return the points of a line that shows the scores; empty with fewer than two."""
    if len(scores) < 2:
        return ""
    step = _WIDTH / (len(scores) - 1)
    return " ".join(
        f"{place * step:.1f},{_HEIGHT - 2 - score * (_HEIGHT - 4) / 100:.1f}"
        for place, score in enumerate(scores)
    )


def describe_ranks_of(standing: Standing) -> str:
    """Return the findings of an API by rank, such as `1 crash, 2 wrong answers`."""
    return describe_ranks({Rank(word): count for word, count in standing.ranks.items()})


def describe_best(standing: Standing) -> str:
    """Return the step that would raise the score most, in one sentence; empty if nothing would."""
    best: Raise | None = standing.best
    if best is None or not standing.counted:
        return ""
    points = 100 * best.contracts / standing.counted
    gain = f"up to {points:.0f} points" if points >= 1 else "less than a point"
    return f"{_VERBS[best.kind]} ({format_count(best.contracts, 'contract')}, {gain}): {best.text}"


def describe_change(standing: Standing, summary: Summary) -> str:
    """Return the difference to the earlier report; empty without one."""
    change = summary.changes.get(standing.name)
    if change is None:
        return "new" if summary.changes and not standing.missing else ""
    words = [f"{standing.score - change.score:+d} points"] if standing.score != change.score else []
    if change.newly_broken:
        words.append(f"{len(change.newly_broken):,} newly broken")
    if change.fixed:
        words.append(f"{len(change.fixed):,} broken no more")
    return ", ".join(words) or "as before"


def conclude(summary: Summary) -> str:
    """Return the fleet in one sentence."""
    present = [one for one in summary.standings if not one.missing]
    finding = sum(one.exit_code == 1 for one in present)
    early = sum(one.exit_code == 3 for one in present)
    parts = [f"{len(summary.missing):,} without a whole report"] if summary.missing else []
    parts += [f"{finding:,} with findings"] if finding else []
    parts += [f"{early:,} cut short, or owing a verdict"] if early else []
    parts.append(f"{len(present) - finding - early:,} with nothing to do")
    return f"{format_count(len(summary.standings), 'API')}: {', '.join(parts)}"


def render_text(summary: Summary) -> str:
    """Return the table for a terminal, ending in a newline."""
    lines = [f"{summary.file}: {conclude(summary)}", ""]
    lines += [f"  {one.name:<24} no report: {one.missing}" for one in summary.missing]
    present = [one for one in summary.standings if not one.missing]
    for one in present[:MOST_LINES]:
        words = [describe_ranks_of(one) or "nothing found", *([] if one.complete else ["cut short"])]
        words += [change] if (change := describe_change(one, summary)) else []
        lines.append(f"  {one.name:<24} {one.score:>3} %  {'; '.join(words)}")
        if best := describe_best(one):
            lines.append(f"  {'':<24}        {best}")
            lines += [f"  {'':<24}        {one.best.line}"] if one.best is not None and one.best.line else []
    if len(present) > MOST_LINES:
        lines.append(f"  and {len(present) - MOST_LINES:,} more, with higher scores")
    lines += [f"  no longer in the fleet: {name}" for name in summary.gone]
    return "\n".join(printable(line) for line in lines) + "\n"
