"""`pgagents verify --self-test`: test every check with faults that it must find and variations that it must
not.

Each fault and each variation of the sandbox is verified once, in this process. Those of its MCP server are
verified once more by the server's own list of tools, as if nobody had the catalogue. A check that finds no
fault is dead: it proves nothing. All of them take hours, so a run is bounded, and says what it did not try.
"""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable, Sequence, Set
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pgagents.cli.running.selftesting.order import Step, arrange, list_steps
from pgagents.cli.running.selftesting.outcome import Outcome, Row, document, lines
from pgagents.cli.running.selftesting.progress import Timed

if TYPE_CHECKING:
    from pgagents.model.model import Model
    from pgagents.report.report import Report

OF_MCP = "mcp:"
MAX_TIME_S = 900.0
"""Seconds of a self-test, unless the caller says otherwise."""


def run(
    only: Sequence[str] = (),
    reports: tuple[Path, ...] = (),
    *,
    seed: int = 0,
    max_time_s: float | None = MAX_TIME_S,
) -> int:
    """Run the self-test, print the table and write it to files. Return the exit code.

    `only` selects checks and their faults. After `max_time_s` seconds no further step begins; None tries
    everything. `seed` varies what a bounded run tries.

    The exit code is 1 if a check is dead or a result deviates from the declared one. It is 3 if the time was
    too short for everything. Raises PgagentsError for an unknown check.
    """
    from pgagents.cli._extras import require
    from pgagents.cli.running import report_files
    from pgagents.report.formats.text import STOPPED

    require("pgagents verify --self-test", "sandbox", "mcp")
    report_files.check(reports, report_files.DATA)
    started = time.monotonic()
    try:
        outcome = try_each(Timed(max_time_s), _faults_of(only) if only else None, None, seed)
        outcome.rows = {name: row for name, row in outcome.rows.items() if not only or name in _checks(only)}
    except KeyboardInterrupt:
        click.echo("stopped", err=True)
        return STOPPED
    if sys.stderr.isatty():
        click.echo("\r\x1b[K", err=True, nl=False)
    text = "\n".join(lines(outcome, time.monotonic() - started))
    try:
        report_files.write_data(reports, text, partial(document, outcome))
    finally:
        click.echo(text)
    return outcome.exit_code


def try_each(
    said: Callable[[int, int, str], object],
    faults: Sequence[str] | None = None,
    variations: Sequence[str] | None = None,
    seed: int = 0,
) -> Outcome:
    """Verify the shipped catalogue's sandbox under each fault and each variation, or under these alone.

    `said` is called before each step with the progress. If it returns False, this step and the later ones are
    left untried. Without `variations`, all of them are tried, and `seed` varies the order of the steps.

    The prefix `mcp:` marks faults and variations of the MCP server in front of the sandbox. Raises
    KeyboardInterrupt if a verification was cut short.
    """
    from pgagents.resources import folder

    text = (folder("catalogue") / "park_graph.yaml").read_text(encoding="utf-8")
    model = load_model(text)
    outcome = Outcome(_make_rows())
    names = _every("faults") if faults is None else faults
    steps = (
        arrange({name: _list_breaks(name) for name in names}, _every("variations"), seed)
        if variations is None
        else list_steps(names, variations)
    )
    for number, step in enumerate(steps):
        if said(number, len(steps), str(step)) is False:
            _leave_untried(outcome, steps[number:])
            break
        if step.kind == "fault":
            _try_fault(outcome, model, step.name)
        else:
            _try_variation(outcome, text, step.name)
    return outcome


def _make_rows() -> dict[str, Row]:
    """Return an empty row for each check, with the number of its faults that Park Graph cannot show."""
    rows = {check: Row() for check in _collect()}
    here = {*_every("faults")}
    for name in _list_registered("faults"):
        for check in _list_breaks(name) if name not in here else ():
            rows[check].elsewhere += 1
    return rows


def _try_fault(outcome: Outcome, model: Model, fault: str) -> None:
    """Verify the sandbox under a fault, and record what was found."""
    from pgagents.cli.running.selftesting.listed import verify_listed

    _fault(outcome, fault, _find_broken(_verify(model, fault=fault)))
    if by_list := _module("faults", fault).by_list:
        report = verify_listed(model, faults=[fault.removeprefix(OF_MCP)])
        _listed_fault(outcome, fault, by_list, _find_broken(report))


def _try_variation(outcome: Outcome, text: str, variation: str) -> None:
    """Verify the sandbox under a variation of the catalogue's text, and record what was found."""
    from pgagents.cli.running.selftesting.listed import verify_listed

    opened = load_model(text, _module("variations", variation).point)
    broken = _find_broken(_verify(opened, variation=variation))
    if variation.startswith(OF_MCP):
        broken |= _find_broken(verify_listed(opened, variations=[variation.removeprefix(OF_MCP)]))
    _variation(outcome, variation, broken)


def _leave_untried(outcome: Outcome, steps: Sequence[Step]) -> None:
    """Record steps for which no time was left."""
    outcome.untried += steps
    for step in steps:
        module = _module(f"{step.kind}s", step.name)
        if step.kind == "fault":
            for check in (*module.breaks, *module.by_list):
                outcome.rows[check].untried += 1


def _collect() -> list[str]:
    """Return the names of all checks, with a catalogue and without."""
    from pgagents.verify.promise import collect, collect_of_tools

    return sorted({*collect(), *collect_of_tools()})


def _every(kind: str) -> list[str]:
    """Return all faults or variations that Park Graph can show, those of the MCP server last."""
    every = _list_registered(kind)
    return [name for name in every if getattr(_module(kind, name), "needs", set()) <= {"limits"}]


def _list_registered(kind: str) -> list[str]:
    """Return all faults or variations of any API, those of the MCP server last."""
    from pgagents.sandbox.injection import fault_registry

    return [
        *fault_registry.list_names(kind),
        *(f"{OF_MCP}{name}" for name in fault_registry.list_names(f"mcp_{kind}")),
    ]


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
    from pgagents.verify.promise import following

    module = _module("faults", name)
    outcome.faults += 1
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
