"""`pgagents verify --self-test`: test every check with faults that it must find and variations that it must
not.

Each fault and each variation of the sandbox is verified once, in this process. Those of its MCP server are
verified once more by the server's own list of tools, as if nobody had the catalogue. A check that finds no
fault is dead: it proves nothing. All of them take hours, so a run is bounded, and says what it did not try.
"""

from __future__ import annotations

import json
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from pgagents.cli.inputs.options import MAX_SELF_TEST_S, require_extras
from pgagents.cli.running.progress import duration

if TYPE_CHECKING:
    from pgagents.catalogue.model.model import Model
    from pgagents.report.report import Report


OF_MCP = "mcp:"


def run(
    only: Sequence[str] = (),
    reports: tuple[Path, ...] = (),
    *,
    seed: int = 0,
    max_time_s: float | None = MAX_SELF_TEST_S,
) -> int:
    """Run the self-test, print the table and write it to files. Return the exit code.

    `only` selects checks and their faults. After `max_time_s` seconds no further step begins; None tries
    everything. `seed` varies what a bounded run tries.

    The exit code is 1 if a check is dead or a result deviates from the declared one. It is 3 if the time was
    too short for everything. Raises PgagentsError for an unknown check.
    """
    from pgagents.cli.inputs import report_files
    from pgagents.report.formats.text import STOPPED

    require_extras("pgagents verify --self-test", "sandbox", "mcp")
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
    from pgagents.base.registry import folder

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

    _fault(outcome, fault, _find_broken(_verify(model, fault=fault), odd=_module("faults", fault).odd))
    if by_list := _module("faults", fault).by_list:
        report = verify_listed(model, faults=[fault.removeprefix(OF_MCP)])
        _listed_fault(outcome, fault, by_list, _find_broken(report))


def _try_variation(outcome: Outcome, text: str, variation: str) -> None:
    """Verify the sandbox under a variation of the catalogue's text, and record what was found."""

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
    options = {"limits", "lost-answers"}
    return [name for name in every if getattr(_module(kind, name), "needs", set()) <= options]


def _list_registered(kind: str) -> list[str]:
    """Return all faults or variations of any API, those of the MCP server last."""
    from pgagents.sandbox import fault_registry

    return [
        *fault_registry.list_names(kind),
        *(f"{OF_MCP}{name}" for name in fault_registry.list_names(f"mcp_{kind}")),
    ]


def _module(kind: str, name: str) -> Any:
    """Return the fault or variation of this name."""
    from pgagents.sandbox import fault_registry

    return (
        fault_registry.find(f"mcp_{kind}", name.removeprefix(OF_MCP))
        if name.startswith(OF_MCP)
        else fault_registry.find(kind, name)
    )


def _checks(only: Sequence[str]) -> list[str]:
    """Return the checks with these names or contract ids. Raises PgagentsError for an unknown check."""
    from pgagents.base.errors import PgagentsError
    from pgagents.base.text import did_you_mean
    from pgagents.report.contract import check_of

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
    from pgagents.inprocess import inside, verify_mcp, verify_sandbox
    from pgagents.verify.plan.options import Options

    names = [[name.removeprefix(OF_MCP)] if name else [] for name in (fault, variation)]
    if (fault or variation).startswith(OF_MCP):
        return verify_mcp(model, faults=names[0], variations=names[1])
    return verify_sandbox(model, inside(model, faults=names[0], variations=names[1]), Options())


def _find_broken(report: Report, *, odd: bool = False) -> dict[str, str]:
    """Return the checks that reported a finding in a run, each with one contract.

    With `odd`, also those that only found something odd.
    """
    verdicts = ("broken", "odd") if odd else ("broken",)
    if not report.footer.complete:
        raise KeyboardInterrupt
    return {r.contract.check: r.contract.id for r in report.results if r.verdict.value in verdicts}


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


# -- the order of steps.
#
# A whole self-test takes hours. One that is cut short has tried as many faults of one check as of
# another, and faults and variations in the proportion of all.


Kind = Literal["fault", "variation"]


@dataclass(frozen=True, slots=True)
class Step:
    """One fault or variation to be tried."""

    kind: Kind
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


def list_steps(faults: Iterable[str], variations: Iterable[str]) -> list[Step]:
    """Return the steps of faults and variations in the given order, the faults first."""
    return [*(Step("fault", name) for name in faults), *(Step("variation", name) for name in variations)]


def arrange(breaks: Mapping[str, Collection[str]], variations: Sequence[str], seed: int) -> list[Step]:
    """Return every fault and variation once, in an order that only `seed` varies.

    `breaks` maps each fault to the checks that must find it. The next fault is one of the check with the
    fewest faults before it. Variations stand between the faults at equal distances.
    """
    rng = random.Random(seed)
    faults, others = _alternate(breaks, rng), rng.sample(list(variations), len(variations))
    placed = [
        ((number + 0.5) / len(names), step)
        for names, steps in (
            (faults, list_steps(faults, ())),
            (others, list_steps((), others)),
        )
        for number, step in enumerate(steps)
    ]
    return [step for _, step in sorted(placed, key=lambda one: one[0])]


def _alternate(breaks: Mapping[str, Collection[str]], rng: random.Random) -> list[str]:
    """Return the faults so that the checks take turns. A fault that no check must find comes last."""
    left = rng.sample(list(breaks), len(breaks))
    before: Counter[str] = Counter()
    found = []
    while left:
        name = min(left, key=lambda one: min((before[check] for check in breaks[one]), default=len(breaks)))
        left.remove(name)
        before.update(breaks[name])
        found.append(name)
    return found


# -- results, as a table and as JSON.
#
# An untried step does not count as passed.


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
    from pgagents.report.layout import table

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


# -- progress, and the end of the time


EVERY_S = 10.0


class Timed:
    """Prints progress on stderr: one line that is overwritten on a terminal, otherwise a line every few
    seconds.

    `most_s` are the seconds after which no step begins; None for no bound. A step begins only if a step of
    the mean length ends in time. The first one always begins.
    """

    def __init__(self, most_s: float | None = None, timer: Callable[[], float] = time.monotonic) -> None:
        self._timer, self._most_s = timer, most_s
        self._begun = self.last = timer()

    def __call__(self, done: int, total: int, doing: str) -> bool:
        """Show the step that is next; return False if there is no time left for it."""
        now = self._timer()
        spent = now - self._begun
        mean = spent / done if done else 0.0
        if self._most_s is not None and done and spent + mean > self._most_s:
            return False
        left = mean * (total - done)
        if self._most_s is not None:
            left = min(left, self._most_s - spent)
        line = f"{done}/{total} · {f'about {duration(left)} left · ' if done else ''}{doing}"
        if sys.stderr.isatty():
            click.echo(f"\r\x1b[K{line}", err=True, nl=False)
        elif now - self.last >= EVERY_S:
            self.last = now
            click.echo(line, err=True)
        return True


# -- runs by an MCP server's own list of tools


def verify_listed(model: Model, *, faults: Sequence[str] = (), variations: Sequence[str] = ()) -> Report:
    """Verify an MCP server in front of a sandbox without faults, as if nobody had its catalogue.

    The run is strict, because faults of recommendations must be found too. A variation need not follow a
    recommendation.
    """
    from pgagents.cli.inputs.tools import make_model, survey
    from pgagents.cli.running.tools import verify_tools
    from pgagents.inprocess import inside, mcp_inside
    from pgagents.verify.plan.options import Options
    from pgagents.verify.wire.mcp_link import Link

    with mcp_inside(model, inside(model), faults=faults, variations=variations) as link:
        other = Link(link.handler, url=link.url, path=link.path)
        if not link.open():
            raise AssertionError(f"the self-test's own MCP server does not open: {link.problem}")
        survey(link, other)
        return verify_tools(make_model(link), link, Options(strict=bool(faults)))
