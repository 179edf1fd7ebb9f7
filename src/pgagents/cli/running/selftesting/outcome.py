"""The results of a self-test, as a table and as JSON. An untried step does not count as passed."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from pgagents.cli.running.selftesting.order import Step

FEW = 3
FORMAT = 1
CUT_SHORT = 3
EVERY = "--all tries every one"


@dataclass(slots=True)
class Row:
    """One check's results. `due` counts the tried faults that it must find, `found` those that it found."""

    due: int = 0
    found: int = 0
    disturbed: list[str] = field(default_factory=list)
    """Variations for which the check wrongly reported a finding."""
    untried: int = 0
    """The number of faults that it must find and that were not tried."""
    elsewhere: int = 0
    """The number of its faults that only another API than Park Graph can show."""

    @property
    def state(self) -> str:
        """Return whether the check is alive, as one or two words of the table."""
        if not self.found and not self.due and (self.untried or self.elsewhere):
            return "untried" if self.untried else "not here"
        if not self.found:
            return "dead"
        return "false alarm" if self.disturbed else "misses some" if self.found < self.due else "alive"


@dataclass(slots=True)
class Outcome:
    """The results of all checks, and every deviation from the declared ones."""

    rows: dict[str, Row]
    faults: int = 0
    variations: int = 0
    wrong: dict[str, list[str]] = field(default_factory=dict)
    """Deviations, each with the faults or variations in which it occurred."""
    untried: list[Step] = field(default_factory=list)
    """Faults and variations for which no time was left."""

    @property
    def dead(self) -> list[str]:
        """Return the checks that found none of the tried faults, or that have no fault at all."""
        return [name for name, row in self.rows.items() if row.state == "dead"]

    @property
    def bad(self) -> bool:
        """Return whether a check is dead or any result deviates."""
        return bool(self.dead or self.wrong)

    @property
    def exit_code(self) -> int:
        """Return 1 if something is wrong, 3 if something was not tried, else 0."""
        return 1 if self.bad else CUT_SHORT if self.untried else 0


def lines(outcome: Outcome, seconds: float) -> Iterator[str]:
    """Yield the table and its summary as text. The last line says how much was tried."""
    from pgagents.report.table import table

    head = ["check", "faults found", "variations silent", ""]
    rows = [
        [check.replace("_", " "), f"{row.found}/{row.due}", _count_silent(outcome, row), row.state]
        for check, row in outcome.rows.items()
    ]
    if outcome.untried:
        head.insert(2, "faults untried")
        for cells, row in zip(rows, outcome.rows.values(), strict=True):
            cells.insert(2, str(row.untried))
    yield from table(head, rows)
    yield ""
    for what, names in outcome.wrong.items():
        more = f" and {len(names) - FEW} more" if len(names) > FEW else ""
        yield f"{', '.join(names[:FEW])}{more}: {what}"
    yield (
        f"{outcome.faults} faults and {outcome.variations} variations in {seconds:.0f} s: "
        f"{_count_alive(outcome)}"
    )
    yield _conclude(outcome)


def _count_alive(outcome: Outcome) -> str:
    """Return how many checks are alive, and how many could not be judged, with the reason."""
    states = Counter(row.state for row in outcome.rows.values())
    untried, elsewhere = states["untried"], states["not here"]
    alive = states.total() - states["dead"] - untried - elsewhere
    return (
        f"{alive} of {states.total()} checks alive"
        + (f", {untried} untried" if untried else "")
        + (f", {elsewhere} without a fault that Park Graph can show" if elsewhere else "")
    )


def _count_silent(outcome: Outcome, row: Row) -> str:
    return f"{outcome.variations - len(row.disturbed)}/{outcome.variations}"


def _conclude(outcome: Outcome) -> str:
    """Return the last line: the exit code, and how many faults and variations were tried of how many."""
    tried = outcome.faults + outcome.variations
    of = f"tried {tried} of {tried + len(outcome.untried)} faults and variations"
    if outcome.bad:
        return f"exit 1: something is not as it should be; {of}"
    if outcome.untried:
        return f"exit {CUT_SHORT}: {of}, and nothing was wrong in these; {EVERY}"
    return f"exit 0: every check finds its faults here and reports no variation; {of}"


def document(outcome: Outcome) -> bytes:
    """Return the results as JSON."""
    rows = {
        name: {
            "faults": row.due,
            "found": row.found,
            "false_alarms": row.disturbed,
            **({"untried": row.untried} if outcome.untried else {}),
            "state": row.state,
        }
        for name, row in outcome.rows.items()
    }
    told = {
        "format": FORMAT,
        "faults": outcome.faults,
        "variations": outcome.variations,
        "exit_code": outcome.exit_code,
    }
    data = {"self_test": told, "checks": rows, "wrong": outcome.wrong}
    if outcome.untried:
        data["untried"] = {f"{kind}s": _list_names(outcome.untried, kind) for kind in ("fault", "variation")}
    return (json.dumps(data, ensure_ascii=False, indent=2) + "\n").encode("utf-8", "replace")


def _list_names(steps: Sequence[Step], kind: str) -> list[str]:
    return sorted(step.name for step in steps if step.kind == kind)
