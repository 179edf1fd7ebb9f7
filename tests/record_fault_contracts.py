"""Writes tests/data/fault_contracts.json: for each fault one contract of each check that it breaks, found
broken when these run alone.

`python tests/record_fault_contracts.py` looks for faults that are not in the file; names of faults look for
these anew.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence

from inprocess import ENOUGH, inside, mcp_inside, tool_contracts, verify_sandbox
from language_table import rows
from pgagents.report.contract import Verdict
from pgagents.report.report import Report
from pgagents.sandbox import fault_registry
from pgagents.verify.plan.options import Options
from verifying import FAULT_CONTRACTS, checks, ids, model, run

ATTEMPTS = 4


def run_with(kind: str, names: Sequence[str], only: Sequence[str]) -> Report:
    """Run these contracts, or all where none is named, with faults of the API or of the MCP server."""
    if kind == "faults":
        return run(model(), faults=names, only=tuple(only))
    opened = inside(model())
    with mcp_inside(model(), opened, faults=names) as link:
        return verify_sandbox(
            model(),
            opened,
            Options(
                only=tuple(only) or tool_contracts(model()),
                max_requests=ENOUGH,
            ),
            mcp=link,
        )


def contracts_that_show(kind: str, name: str) -> list[str]:
    """The contracts to record, one of each check that the fault breaks; empty where no such choice finds
    it. None is recorded that is broken without the fault too.
    """
    fault = fault_registry.find(kind, name)
    breaks, verdict = fault.breaks, Verdict.ODD if fault.odd else Verdict.BROKEN
    if not breaks:  # only a run without a catalogue finds it
        return []
    for only in ([f"{check}/" for check in sorted(breaks)] if kind == "faults" else [], []):
        report = run_with(kind, [name], only)
        if checks(report, verdict) >= breaks:
            break
    broken = [[id for id in ids(report, verdict) if id.startswith(f"{check}/")] for check in sorted(breaks)]
    for attempt in range(ATTEMPTS if all(broken) else 0):
        chosen = [found[min(attempt, len(found) - 1)] for found in broken]
        if set(chosen) <= set(ids(run_with(kind, [name], chosen), verdict)) - set(
            ids(run_with(kind, [], chosen), verdict)
        ):
            return chosen
    return []


def main() -> None:
    """Complete the file, and drop faults that are no more; print each new fault with what is recorded."""
    recorded = json.loads(FAULT_CONTRACTS.read_text(encoding="utf-8"))
    for kind in ("faults", "mcp_faults"):
        found_of = {name: fault_registry.find(kind, name) for name in fault_registry.list_names(kind)}
        names = [name for name, fault in found_of.items() if not fault.needs & rows().keys()]
        recorded[kind] = {
            name: found
            for name, found in recorded[kind].items()
            if name in names and name not in sys.argv[1:]
        }
        for name in names:
            if name not in recorded[kind]:
                recorded[kind][name] = contracts_that_show(kind, name)
                recorded[kind] = dict(sorted(recorded[kind].items()))
                FAULT_CONTRACTS.write_text(json.dumps(recorded, indent=1) + "\n", encoding="utf-8")
                print(name, *recorded[kind][name], flush=True)


if __name__ == "__main__":
    main()
