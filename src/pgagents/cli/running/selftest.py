"""`pgagents verify --self-test`: test every check with faults that it must find and variations that it must
not.

Each fault and each variation of the sandbox is verified once, in this process. Those of its MCP server are
verified once more by the server's own list of tools, as if nobody had the catalogue. A check that finds no
fault is dead: it proves nothing.
"""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from pgagents.model.model import Model
    from pgagents.report.report import Report

EVERY_S = 10.0
FEW = 3
FORMAT = 1
STOPPED = 130
OF_MCP = "mcp:"


@dataclass(slots=True)
class Row:
    """One check's results. `due` counts the faults that it must find, `found` those that it found."""

    due: int = 0
    found: int = 0
    disturbed: list[str] = field(default_factory=list)
    """Variations for which the check wrongly reported a finding."""


@dataclass(slots=True)
class Outcome:
    """The results of all checks, and every deviation from the declared ones."""

    rows: dict[str, Row]
    faults: int = 0
    variations: int = 0
    wrong: dict[str, list[str]] = field(default_factory=dict)
    """Deviations, each with the faults or variations in which it occurred."""

    @property
    def dead(self) -> list[str]:
        """Return the checks that found no fault."""
        return [name for name, row in self.rows.items() if not row.found]

    @property
    def bad(self) -> bool:
        """Return whether a check is dead or any result deviates."""
        return bool(self.dead or self.wrong)


def run(only: Sequence[str] = (), reports: tuple[Path, ...] = ()) -> int:
    """Run the self-test, print the matrix and write it to files. Return the exit code.

    `only` selects checks and their faults. The exit code is 1 if a check is dead or a result deviates from
    the declared one. Raises PgagentsError for an unknown check.
    """
    from pgagents.cli import _extras
    from pgagents.cli.running import report_files

    _extras.require("pgagents verify --self-test", "sandbox", "mcp")
    report_files.check(reports, report_files.DATA)
    started = time.monotonic()
    try:
        outcome = try_each(_Said(), _faults_of(only)) if only else try_each(_Said())
        outcome.rows = {name: row for name, row in outcome.rows.items() if not only or name in _checks(only)}
    except KeyboardInterrupt:
        click.echo("stopped", err=True)
        return STOPPED
    if sys.stderr.isatty():
        click.echo("\r\x1b[K", err=True, nl=False)
    text = "\n".join(lines(outcome, time.monotonic() - started))
    try:
        report_files.write_data(reports, text, document(outcome))
    finally:
        click.echo(text)
    return 1 if outcome.bad else 0


def try_each(
    said: Callable[[int, int, str], None],
    faults: Sequence[str] | None = None,
    variations: Sequence[str] | None = None,
) -> Outcome:
    """Verify the shipped catalogue's sandbox under each fault and each variation, or under these alone.

    `said` is called with the progress. The prefix `mcp:` marks faults and variations of the MCP server in
    front of the sandbox. Raises KeyboardInterrupt if a verification was cut short.
    """
    from pgagents.cli.running.selftest_tools import verify_listed
    from pgagents.resources import folder

    text = (folder("catalogue") / "park_graph.yaml").read_text(encoding="utf-8")
    model = load_model(text)
    outcome = Outcome({check: Row() for check in _collect()})
    faults, variations = (
        _every("faults") if faults is None else faults,
        _every("variations") if variations is None else variations,
    )
    total = len(faults) + len(variations)
    for number, fault in enumerate(faults):
        said(number, total, f"fault {fault}")
        _fault(outcome, fault, _find_broken(_verify(model, fault=fault)))
        if by_list := _module("faults", fault).by_list:
            report = verify_listed(model, faults=[fault.removeprefix(OF_MCP)])
            _listed_fault(outcome, fault, by_list, _find_broken(report))
    for number, variation in enumerate(variations, len(faults)):
        said(number, total, f"variation {variation}")
        point = _module("variations", variation).point
        opened = load_model(text, point)
        broken = _find_broken(_verify(opened, variation=variation))
        if variation.startswith(OF_MCP):
            broken |= _find_broken(verify_listed(opened, variations=[variation.removeprefix(OF_MCP)]))
        _variation(outcome, variation, broken)
    return outcome


def _collect() -> list[str]:
    """Return the names of all checks, with a catalogue and without."""
    from pgagents.verify.check.check import collect, collect_of_tools

    return sorted({*collect(), *collect_of_tools()})


def _every(kind: str) -> list[str]:
    """Return all faults or variations that Park Graph can show, those of the MCP server last."""
    from pgagents.sandbox.injection import fault_registry

    every = [
        *fault_registry.list_names(kind),
        *(f"{OF_MCP}{name}" for name in fault_registry.list_names(f"mcp_{kind}")),
    ]
    return [name for name in every if getattr(_module(kind, name), "needs", set()) <= {"limits"}]


def _module(kind: str, name: str) -> Any:
    """Return the fault or variation of this name."""
    from pgagents.sandbox.injection import fault_registry

    return (
        fault_registry.find(f"mcp_{kind}", name.removeprefix(OF_MCP))
        if name.startswith(OF_MCP)
        else fault_registry.find(kind, name)
    )


def _checks(only: Sequence[str]) -> list[str]:
    """Return the checks with these names or contract ids. Raises PgagentsError for an unknown check."""
    from pgagents.errors import PgagentsError
    from pgagents.model.contract import check_of
    from pgagents.text.nearest import did_you_mean

    every = _collect()
    named = [check_of(one).replace("-", "_") for one in only]
    for name in named:
        if name not in every:
            raise PgagentsError(
                f"--only {name}: there is no such check",
                did_you_mean(name, every) or "see `pgagents contracts`",
            )
    return named


def _faults_of(only: Sequence[str]) -> list[str]:
    """Return the faults that one of these checks must find."""
    wanted = set(_checks(only))
    return [name for name in _every("faults") if wanted & _list_breaks(name)]


def _list_breaks(name: str) -> frozenset[str]:
    """Return the checks that must find a fault, with a catalogue or without."""
    module = _module("faults", name)
    return frozenset(module.breaks | module.by_list)


def load_model(text: str, *points: str | None) -> Model:
    """Load the catalogue of a text.

    `points` are behaviour keys that are opened, so that variations are legal.
    """
    from pgagents.catalogue.load import load_text

    for point in filter(None, points):
        text, count = re.subn(rf"^  {point}: .*$", f"  {point}: any", text, count=1, flags=re.M)
        if not count:
            text = text.replace("\nbehaviour:\n", f"\nbehaviour:\n  {point}: any\n", 1)
    return load_text(text, "catalogue/park_graph.yaml")


def _verify(model: Model, *, fault: str = "", variation: str = "") -> Report:
    from pgagents.inprocess import inside, verify_sandbox
    from pgagents.inprocess_mcp import verify_mcp
    from pgagents.verify.plan.options import Options

    names = [[name.removeprefix(OF_MCP)] if name else [] for name in (fault, variation)]
    if (fault or variation).startswith(OF_MCP):
        return verify_mcp(model, faults=names[0], variations=names[1])
    return verify_sandbox(model, inside(model, faults=names[0], variations=names[1]), Options())


def _find_broken(report: Report) -> dict[str, str]:
    """Return the checks that reported a finding in a run, each with one contract."""
    if not report.footer.complete:
        raise KeyboardInterrupt
    return {r.contract.check: r.contract.id for r in report.results if r.verdict.value == "broken"}


def _fault(outcome: Outcome, name: str, broken: dict[str, str]) -> None:
    from pgagents.verify.check.check import following

    module = _module("faults", name)
    outcome.faults += 1
    if module.awaits:
        return
    _count(outcome, name, module.breaks, broken)
    for check in sorted(broken.keys() - module.breaks - module.also.keys() - following(broken)):
        outcome.wrong.setdefault(f"also broke {broken[check]}, undeclared", []).append(name)


def _listed_fault(outcome: Outcome, name: str, by_list: Set[str], broken: dict[str, str]) -> None:
    """Record the run of a fault without a catalogue."""
    _count(outcome, name, by_list, broken)
    for check in sorted(broken.keys() - by_list):
        told = f"also broke {broken[check]} without a catalogue, undeclared"
        outcome.wrong.setdefault(told, []).append(name)


def _count(outcome: Outcome, name: str, due: Set[str], broken: dict[str, str]) -> None:
    """Count a fault for each check that must find it."""
    for check in sorted(due):
        outcome.rows[check].due += 1
        if check in broken:
            outcome.rows[check].found += 1
        else:
            outcome.wrong.setdefault(f"not found by {check}", []).append(name)


def _variation(outcome: Outcome, name: str, broken: dict[str, str]) -> None:
    outcome.variations += 1
    for check, contract in sorted(broken.items()):
        outcome.rows[check].disturbed.append(name)
        outcome.wrong.setdefault(f"variation, but broke {contract}: a false alarm", []).append(name)


def lines(outcome: Outcome, seconds: float) -> Iterator[str]:
    """Yield the matrix and its summary as text."""
    from pgagents.report.table import table

    rows = [
        [
            check.replace("_", " "),
            f"{row.found}/{row.due}",
            f"{outcome.variations - len(row.disturbed)}/{outcome.variations}",
            _state(row),
        ]
        for check, row in outcome.rows.items()
    ]
    yield from table(["check", "faults found", "variations silent", ""], rows)
    yield ""
    for what, names in outcome.wrong.items():
        more = f" and {len(names) - FEW} more" if len(names) > FEW else ""
        yield f"{', '.join(names[:FEW])}{more}: {what}"
    alive = len(outcome.rows) - len(outcome.dead)
    yield (
        f"{outcome.faults} faults and {outcome.variations} variations in {seconds:.0f} s: {alive} of "
        f"{len(outcome.rows)} checks alive"
    )
    yield (
        "exit 1: something is not as it should be"
        if outcome.bad
        else "exit 0: every check finds its faults and reports no variation"
    )


def document(outcome: Outcome) -> bytes:
    """Return the matrix as JSON."""
    rows = {
        name: {"faults": row.due, "found": row.found, "false_alarms": row.disturbed, "state": _state(row)}
        for name, row in outcome.rows.items()
    }
    told = {
        "format": FORMAT,
        "faults": outcome.faults,
        "variations": outcome.variations,
        "exit_code": int(outcome.bad),
    }
    data = {"self_test": told, "checks": rows, "wrong": outcome.wrong}
    return (json.dumps(data, ensure_ascii=False, indent=2) + "\n").encode("utf-8", "replace")


def _state(row: Row) -> str:
    if not row.found:
        return "dead"
    return "false alarm" if row.disturbed else "misses some" if row.found < row.due else "alive"


class _Said:
    """Print progress on stderr: one line that is overwritten on a terminal, otherwise a line every few
    seconds.
    """

    def __init__(self) -> None:
        self.last = time.monotonic()

    def __call__(self, done: int, total: int, doing: str) -> None:
        if sys.stderr.isatty():
            click.echo(f"\r\x1b[K{done}/{total} · {doing}", err=True, nl=False)
        elif time.monotonic() - self.last >= EVERY_S:
            self.last = time.monotonic()
            click.echo(f"{done}/{total} · {doing}", err=True)
