"""The report as a badge: the JSON that shields.io and services like it read from an address.

shields.io, "Endpoint Badge" (read 2026-11-25): `schemaVersion`, `label`, `message` and `color`.
"""

from __future__ import annotations

import json

from pgagents.base.places import Source
from pgagents.report.contract import Rank, Verdict
from pgagents.report.report import Report

_SELECTED = (Verdict.KEPT, Verdict.BROKEN, Verdict.ODD, Verdict.UNTESTED)
_COLOURS = {
    Rank.EXPOSED: "critical",
    Rank.CRASH: "critical",
    Rank.WRONG: "red",
    Rank.UNDOCUMENTED: "orange",
    Rank.LAX: "yellow",
    Rank.DOCUMENTED: "yellow",
    Rank.COERCED: "green",
    Rank.ODD: "green",
}
_NOTHING_FOUND, _NOTHING_KNOWN = "brightgreen", "lightgrey"


def render(report: Report, source: Source) -> bytes:
    """Return the badge: how many of the selected contracts are kept, in the colour of the worst new finding.

    A run that was cut short, or judged nothing, is grey unless it found something.
    """
    del source
    counts = report.footer.by_verdict
    selected = sum(counts.get(verdict, 0) for verdict in _SELECTED)
    worst = min((f.rank for f in report.findings if not f.known), key=lambda rank: rank.place, default=None)
    unknown = report.proves_nothing or not report.footer.complete
    colour = _NOTHING_KNOWN if unknown else _NOTHING_FOUND
    badge = {
        "schemaVersion": 1,
        "label": "promises",
        "message": f"{counts.get(Verdict.KEPT, 0):,} of {selected:,} kept",
        "color": colour if worst is None else _COLOURS[worst],
    }
    return json.dumps(badge, indent=2).encode() + b"\n"
