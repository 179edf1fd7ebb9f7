"""`pgagents fleet`: verifies many APIs, on a CI's machines or by a cluster, and reports on them together."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pgagents.base.writing import printable
from pgagents.cli.inputs import report_files, verification
from pgagents.cli.inputs.options import NamedFolder, examples

if TYPE_CHECKING:
    from pgagents.fleet.attempt import Order, Outcome
    from pgagents.fleet.cluster import Scheduler, Step
    from pgagents.fleet.fleet_file import Fleet

_MATRIX = (
    ("the jobs of a CI matrix", "pgagents fleet matrix fleet.yaml"),
    (
        "the second of three matrices, where one has too many jobs",
        "pgagents fleet matrix fleet.yaml --part 2/3",
    ),
)
_RUN = (
    ("on this machine, four at a time", "pgagents fleet run fleet.yaml --out reports --workers 4"),
    (
        "on a cluster that shares the folder, by a scheduler with certificates",
        "pgagents fleet run fleet.yaml --out /shared/reports --scheduler tls://dask.example.com:8786",
    ),
)
_REPORT = (
    (
        "a page and a log for code scanning, of the reports that a matrix left",
        "pgagents fleet report reports --fleet fleet.yaml --report fleet.html --report fleet.sarif",
    ),
    (
        "the same with a trend, and the file for the next one",
        "pgagents fleet report reports --fleet fleet.yaml --since fleet.json --report fleet.json",
    ),
)
EVERY_S = 10.0
MOST_NAMED = 6
"""Jobs that a line names which have one reason in common."""
FORMS = (".html", ".sarif", ".json", ".txt")
"""The suffixes of a fleet's report."""

fleet_argument = click.argument("fleet", type=click.Path(path_type=Path, dir_okay=False))


@click.group(
    short_help="Verify many APIs together.",
    epilog=examples(*_MATRIX[:1], *_RUN[:1], *_REPORT[:1]),
)
def command() -> None:
    """Verify the APIs of a fleet file, each by a `pgagents verify` of its own."""


@command.command(epilog=examples(*_MATRIX))
@fleet_argument
@click.option(
    "--part",
    metavar="I/N",
    callback=verification.shard,
    help="Only the I-th of N parts of the jobs, for a matrix of its own.",
)
@click.option(
    "--most",
    type=click.IntRange(min=1),
    default=256,
    show_default=True,
    metavar="N",
    help="Refuse a matrix of more jobs. The default is the limit of GitHub.",
)
def matrix(fleet: Path, part: tuple[int, int] | None, most: int) -> int:
    """Print the jobs of a FLEET file as JSON for a CI matrix: one for each API, or for each of its shards.

    Each has its name, the name of its report's file, and the names of the variables that hold its keys. The
    arguments of `pgagents verify` stand there as a list, and as one line for a shell. Paths begin at this
    folder.
    """
    from pgagents.fleet.fleet_file import read_fleet
    from pgagents.fleet.matrix import MOST_OUTPUT, make_matrix

    jobs = make_matrix(read_fleet(fleet), Path.cwd(), part=part or (1, 1), most=most)
    text = json.dumps(jobs, ensure_ascii=False)
    if len(text) > MOST_OUTPUT:
        click.echo(
            f"the matrix has {len(text):,} characters; an output of a job on GitHub has at most "
            f"{MOST_OUTPUT:,}: take parts with --part I/N",
            err=True,
        )
    click.echo(text)
    return 0


_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@command.command(epilog=examples(*_RUN))
@fleet_argument
@click.option(
    "--out",
    type=NamedFolder(),
    required=True,
    metavar="DIR",
    help="The folder of the reports. What an earlier run has done there is not run again.",
)
@click.option(
    "--workers",
    type=click.IntRange(1, 256),
    metavar="N",
    help="How many APIs are verified at the same time on this machine. Default: one for each core.",
)
@click.option(
    "--scheduler",
    metavar="tls://HOST:PORT",
    help="Run on the workers of this Dask scheduler, which share DIR, the files and the version of pgagents "
    "with this machine. Their environment has the keys.",
)
@click.option("--tls-ca", type=_FILE, envvar="PGAGENTS_TLS_CA", show_envvar=True, help="CA of the scheduler.")
@click.option(
    "--tls-cert", type=_FILE, envvar="PGAGENTS_TLS_CERT", show_envvar=True, help="Certificate for it (PEM)."
)
@click.option("--tls-key", type=_FILE, envvar="PGAGENTS_TLS_KEY", show_envvar=True, help="Its key (PEM).")
@click.option(
    "--lease",
    "lease_s",
    type=click.FloatRange(5, 3600),
    default=60.0,
    show_default=True,
    metavar="S",
    help="A worker that is silent for S seconds loses its server to another one. Longer than the slowest "
    "answer.",
)
@click.option("--again", is_flag=True, help="Run what is done in DIR, too.")
def run(
    fleet: Path,
    out: Path,
    workers: int | None,
    scheduler: str | None,
    tls_ca: Path | None,
    tls_cert: Path | None,
    tls_key: Path | None,
    lease_s: float,
    again: bool,
) -> int:
    """Verify all APIs of a FLEET file, each in a process of its own, and write their reports into DIR.

    APIs of one server are verified one after the other. A worker that dies or falls silent loses nothing: the
    next one removes first what it had made. Keys are read from the environment of the workers.

    Exit code: 3 if an API has no report; else 1 if one found something; else 3 if one ended early.
    """
    from pgagents.cli.inputs.options import require_extras

    require_extras("pgagents fleet run", "fleet")
    import os

    from pgagents.fleet import cluster
    from pgagents.fleet.fleet_file import read_fleet
    from pgagents.fleet.run_folder import open_folder, split_done

    described = read_fleet(fleet)
    remote = _find_scheduler(scheduler, tls_ca, tls_cert, tls_key)
    with open_folder(out, described, lease_s=lease_s) as orders:
        done, left = ([], orders) if again else split_done(orders)
        if done:
            click.echo(
                f"{len(done):,} of {len(orders):,} jobs are done in {out}; --again runs them, too", err=True
            )
        for order in left:
            (order.work / "outcome.json").unlink(missing_ok=True)
        count = min(workers or os.cpu_count() or 1, len({order.server for order in left}) or 1)
        outcomes = cluster.run_jobs(left, workers=count, scheduler=remote, show=_Progress()) if left else []
        codes = [_read_code(order) for order in done] + [
            one.exit_code for one in outcomes if one.kind == "done"
        ]
    missing = [one for one in outcomes if one.kind != "done"]
    for text, names in _group(missing).items():
        shown = ", ".join(names[:MOST_NAMED]) + (
            f" and {len(names) - MOST_NAMED:,} more" * (len(names) > MOST_NAMED)
        )
        click.echo(printable(f"{shown} ha{'s' if len(names) == 1 else 've'} no report: {text}"), err=True)
    click.echo(
        f"{len(codes):,} of {len(orders):,} jobs have a report in {out}; next: pgagents fleet report {out}"
    )
    if missing:
        return 3
    return 1 if 1 in codes else 3 if 3 in codes else 0


def _group(outcomes: Iterable[Outcome]) -> dict[str, list[str]]:
    """Return the names of jobs by the reason that they have in common."""
    groups: dict[str, list[str]] = {}
    for outcome in outcomes:
        groups.setdefault(outcome.text, []).append(outcome.job)
    return groups


def _find_scheduler(
    address: str | None, ca: Path | None, cert: Path | None, key: Path | None
) -> Scheduler | None:
    """Return the scheduler that the options name; None without one. Raises PgagentsError."""
    from pgagents.base.errors import PgagentsError
    from pgagents.fleet.cluster import Scheduler, check_address, check_files

    if address is None:
        return None
    check_address(address)
    if ca is None or cert is None or key is None:
        raise PgagentsError(
            f"--scheduler {address} needs --tls-ca, --tls-cert and --tls-key",
            "or the variables PGAGENTS_TLS_CA, PGAGENTS_TLS_CERT and PGAGENTS_TLS_KEY",
        )
    scheduler = Scheduler(address, ca, cert, key)
    check_files(scheduler)
    return scheduler


def _read_code(order: Order) -> int | None:
    from pgagents.fleet.attempt import read_outcome

    outcome = read_outcome(order)
    return outcome.exit_code if outcome is not None else None


class _Progress:
    """Print a line on stderr whenever a job ends, and every few seconds."""

    def __init__(self) -> None:
        self._due = 0.0

    def __call__(self, step: Step) -> None:
        if step.last is None and step.seconds < self._due:
            return
        self._due = step.seconds + EVERY_S
        parts = [f"{step.ended:,} of {step.jobs:,} ended", f"{step.running:,} with the cluster"]
        if (left := step.seconds_left) is not None and step.ended < step.jobs:
            parts.append(f"about {left / 60:.0f} min left" if left >= 90 else f"about {left:.0f} s left")
        if step.last is not None:
            ended = f"exit code {step.last.exit_code}" if step.last.kind == "done" else step.last.text
            parts.append(f"{step.last.job}: {ended} after {step.last.seconds:.0f} s")
        click.echo(printable(f"  {', '.join(parts)}"), err=True)


@command.command(epilog=examples(*_REPORT))
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--fleet",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="The fleet file, by which missing reports are noticed. Default: that of the run which wrote DIR.",
)
@click.option(
    "--since",
    type=click.Path(path_type=Path),
    metavar="FILE|DIR",
    help="Compare with an earlier report of the fleet: its JSON, which carries the history of the scores, or "
    "another folder of reports.",
)
@click.option(
    "--report",
    "reports",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help=f"Also write FILE, in the format of its suffix: {', '.join(FORMS)}. Repeatable.",
)
def report(folder: Path, fleet: Path | None, since: Path | None, reports: tuple[Path, ...]) -> int:
    """Report on a fleet by the reports of its APIs in DIR, the worst API first.

    DIR has a JSON report for each job, under the name that `pgagents fleet matrix` gives it. Each API has a
    score, and the step that would raise it most. Exit code: 3 if an API has no whole report; else 1 if one
    found something; else 3 if one ended early; else 0.
    """
    from pgagents.base.errors import PgagentsError
    from pgagents.fleet import page, summary
    from pgagents.fleet.fleet_file import read_fleet
    from pgagents.fleet.one_sarif import SarifLog

    report_files.check(reports, FORMS)
    if not folder.is_dir():
        raise PgagentsError(f"there is no folder {folder}", "give the folder of the reports")
    described = read_fleet(fleet or summary.find_fleet_file(folder))
    log = SarifLog()
    whole = summary.Summary(Path(described.file).name, summary.sum_up(described, folder, log))
    if since is not None:
        whole = summary.compare(whole, _read_since(since, described))
    text = page.render_text(whole)
    try:
        report_files.write_bytes(
            {path: _render(path, whole, log, text) for path in reports},
        )
    finally:
        click.echo(text, nl=False)
    return whole.exit_code


def _read_since(since: Path, fleet: Fleet) -> Mapping[str, Any]:
    """Return the data of an earlier report: that of a file, or made of another folder."""
    from pgagents.fleet import summary
    from pgagents.fleet.one_sarif import SarifLog

    if not since.is_dir():
        return summary.read_earlier(since)
    standings = summary.sum_up(fleet, since, SarifLog())
    return summary.make_data(summary.Summary(Path(fleet.file).name, standings))


def _render(path: Path, whole: Any, log: Any, text: str) -> bytes:
    from pgagents.fleet import page, summary

    suffix = report_files.find_suffix(path.name)
    if suffix == ".html":
        return page.render_page(whole)
    if suffix == ".sarif":
        rendered: bytes = log.render()
        return rendered
    if suffix == ".json":
        return json.dumps(summary.make_data(whole), ensure_ascii=False, indent=1).encode() + b"\n"
    return text.encode()
