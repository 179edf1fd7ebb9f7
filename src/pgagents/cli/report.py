"""`pgagents report`: show, join and compare the JSON reports of `verify`."""

from __future__ import annotations

from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pgagents.cli.inputs.options import examples
from pgagents.cli.running import report_files
from pgagents.report.forms import FORMS

if TYPE_CHECKING:
    from pgagents.report.report import Report

file_argument = click.argument("file", type=click.Path(path_type=Path))


@click.group(
    short_help="Show, merge or compare reports of verify.",
    epilog=examples(
        ("a page to open", "pgagents report show report.json --format html > report.html"),
        ("the shards of a CI matrix as one", "pgagents report merge shard-*.json --report report.json --report report.sarif"),
        ("what the last change broke", "pgagents report diff main.json branch.json"),
    ),
)
def command() -> None:
    """Show, merge or compare the JSON reports that `pgagents verify --report NAME.json` writes."""


@command.command(
    epilog=examples(
        ("as on the terminal after verify", "pgagents report show report.json"),
        ("for a job's page on GitHub", 'pgagents report show report.json --format markdown >> "$GITHUB_STEP_SUMMARY"'),
    )
)
@file_argument
@click.option("--format", "form", type=click.Choice(list(FORMS)), default="text", show_default=True, help="What to print.")
@click.option("-v", "--verbose", is_flag=True, help="With text: also how many contracts each exchange was judged for.")
def show(file: Path, form: str, verbose: bool) -> int:
    """Print a report in one of its forms. Exit code: 0, or 2 for a file that is no whole report."""
    import sys

    from pgagents.cli.running import report_output
    from pgagents.report.forms import render
    from pgagents.report.read import read

    report, source = read(file)
    if form == "text":
        from pgagents.report.formats import text

        click.echo(text.render(report, source, colour=report_output.colour(), width=report_output.width(), verbose=verbose), nl=False)
    else:
        sys.stdout.buffer.write(render(form, report, source))
        sys.stdout.buffer.flush()
    return 0


@command.command(
    epilog=examples(
        ("all shards of a matrix", "pgagents report merge shard-1.json shard-2.json"),
        ("with what CI shows", "pgagents report merge shard-*.json --report report.xml --report report.sarif --report report.html"),
    )
)
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE...")
@click.option("--report", "reports", multiple=True, type=click.Path(path_type=Path), metavar="FILE", help=report_files.HELP)
@click.option("--baseline", type=click.Path(path_type=Path), metavar="FILE", help="Findings that are accepted: see `pgagents verify`.")
def merge(files: tuple[Path, ...], reports: tuple[Path, ...], baseline: Path | None) -> int:
    """Join the reports of all shards of one call, and print the whole.

    Exit code as of `verify`: 0 nothing found, 1 something found, 3 not everything selected could be tried; 2 where a shard is
    missing or of another run, or a contract was left out by all of them.
    """
    from pgagents.cli.running import report_output
    from pgagents.report.merge import Part, merge
    from pgagents.report.read import read

    report_files.check(reports)
    report, source = merge([Part(str(file), *read(file)) for file in files])
    if baseline is not None:
        report = excused(report, baseline)
    try:
        report_files.write(reports, report, source)
    finally:
        report_output.show(report, source)
    return report.exit_code


@command.command(
    epilog=examples(("what the last change broke", "pgagents report diff main.json branch.json")),
)
@click.argument("old", type=click.Path(path_type=Path))
@click.argument("new", type=click.Path(path_type=Path))
def diff(old: Path, new: Path) -> int:
    """Compare two reports: what is newly broken, fixed, newly untested.

    Exit code: 1 where something broke, 3 where something is no longer tried, else 0; 2 for a file that is no whole report.
    """
    from pgagents.report.compare import compare, render
    from pgagents.report.read import read

    before, after = read(old)[0], read(new)[0]
    changes = compare(before, after)
    click.echo(render(changes, before, after), nl=False)
    return changes.exit_code


def excused(report: Report, baseline: Path) -> Report:
    """The report with what a baseline file accepts marked as known."""
    from datetime import datetime

    from pgagents.report.baseline import apply, read_baseline

    return apply(report, read_baseline(baseline), datetime.now(UTC).date())
