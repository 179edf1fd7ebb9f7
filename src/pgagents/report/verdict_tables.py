"""Tables of verdicts as text: by check, and by action and surface."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from pgagents.model.contract import Verdict
from pgagents.report.report import Result
from pgagents.report.table import table


def tabulate_verdicts(results: Iterable[Result], width: int) -> list[str]:
    """Return a table of verdicts by check; untested checks and empty columns are left out."""
    counts: dict[str, Counter[Verdict]] = {}
    for result in results:
        counts.setdefault(result.contract.check, Counter())[result.verdict] += 1
    used = [v for v in Verdict if any(c[v] for c in counts.values())]
    if not counts:
        return []
    rows = [
        [check.replace("_", " "), *(str(c[v] or "") for v in used)]
        for check, c in counts.items()
        if _count_selected(c)
    ]
    total: Counter[Verdict] = sum(counts.values(), Counter())
    head = ["promise", *(v.value.replace("_", " ") for v in used)]
    return [
        *table(head, rows, ["all", *(str(total[v]) for v in used)], width=width),
        "",
        *_by_surface(list(results), width),
    ]


def _by_surface(results: list[Result], width: int) -> list[str]:
    """Return a table of kept and tested contracts by action and surface."""
    cells: dict[str, dict[str, Counter[Verdict]]] = {}
    surfaces: dict[str, None] = {}
    for result in results:
        contract = result.contract
        surfaces[contract.surface] = None
        cells.setdefault(contract.action or "(any)", {}).setdefault(contract.surface, Counter())[
            result.verdict
        ] += 1
    head = ["action", *(s or "(any)" for s in surfaces)]
    rows = [
        [action, *(_cell(row.get(s, Counter())) for s in surfaces)]
        for action, row in cells.items()
        if any(map(_count_selected, row.values()))
    ]
    return table(head, rows, width=width) if rows else []


def _count_selected(counts: Counter[Verdict]) -> int:
    return counts[Verdict.KEPT] + counts[Verdict.BROKEN] + counts[Verdict.ODD] + counts[Verdict.UNTESTED]


def _cell(counts: Counter[Verdict]) -> str:
    tried = _count_selected(counts)
    if not tried:
        return "–" if counts else ""
    shown = (Verdict.BROKEN, Verdict.ODD, Verdict.UNTESTED)
    marks = "".join(f" {counts[verdict]} {verdict.value}" for verdict in shown if counts[verdict])
    return f"{counts[Verdict.KEPT]}/{tried}{marks}"
