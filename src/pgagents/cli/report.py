"""`pgagents report`: shows, merges and compares JSON reports of `verify`."""

from __future__ import annotations

from pathlib import Path

import click

from pgagents.cli.inputs import report_files
from pgagents.cli.inputs.options import detail_options, examples, reports_option
from pgagents.cli.inputs.report_files import FORMS

file_argument = click.argument("file", type=click.Path(path_type=Path))


@click.group(
    short_help="Show, merge or compare reports of verify.",
    epilog=examples(
        ("a page to open", "pgagents report show report.json --format html > report.html"),
        (
            "the shards of a CI matrix as one",
            "pgagents report merge shard-*.json --report report.json --report report.sarif",
        ),
        ("what the last change broke", "pgagents report diff main.json branch.json"),
    ),
)
def command() -> None:
    """Show, merge or compare the JSON reports that `pgagents verify --report NAME.json` writes."""


@command.command(
    epilog=examples(
        ("as on the terminal after verify", "pgagents report show report.json"),
        (
            "for a job's page on GitHub",
            'pgagents report show report.json --format markdown >> "$GITHUB_STEP_SUMMARY"',
        ),
    )
)
@file_argument
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMS),
    default="text",
    show_default=True,
    help="What to print.",
)
@detail_options
def show(file: Path, form: str, verbose: bool, odd: bool, why: bool) -> int:
    """Print a report in one of its formats. Exit code: 0, or 2 for a file that is not a complete report."""
    import sys

    from pgagents.cli.inputs.report_files import render
    from pgagents.report.read import read

    report, source = read(file)
    if form == "text":
        detail = report_files.Detail(verbose, odd, why)
        click.echo(report_files.render_text(report, source, detail), nl=False)
    else:
        sys.stdout.buffer.write(render(form, report, source))
        sys.stdout.buffer.flush()
    return 0


@command.command(
    epilog=examples(
        ("all shards of a matrix", "pgagents report merge shard-1.json shard-2.json"),
        (
            "with what CI shows",
            (
                "pgagents report merge shard-*.json --report report.xml --report report.sarif --report "
                "report.html"
            ),
        ),
    )
)
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE...")
@reports_option
@click.option(
    "--baseline",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="YAML file of accepted findings: see `pgagents verify`.",
)
def merge(files: tuple[Path, ...], reports: tuple[Path, ...], baseline: Path | None) -> int:
    """Merge the reports of all shards of one run, and print the result.

    Exit code as for `verify`: 0 nothing found, 1 something found, 3 a shard ended early or left something
    untried that it should have tried. 2 if a shard is missing or of another run, or if no shard took a
    contract.
    """
    from pgagents.report.baseline import read_baseline
    from pgagents.report.merge import Part, merge
    from pgagents.report.read import read

    report_files.check(reports)
    report, source = merge([Part(str(file), *read(file)) for file in files])
    lines = read_baseline(baseline) if baseline is not None else None
    return report_files.publish(report, source, report_files.Output(reports, baseline=lines))


@command.command(
    epilog=examples(("what the last change broke", "pgagents report diff main.json branch.json")),
)
@click.argument("old", type=click.Path(path_type=Path))
@click.argument("new", type=click.Path(path_type=Path))
def diff(old: Path, new: Path) -> int:
    """Compare two reports: newly broken, fixed and newly untested contracts.

    Exit code: 1 if something broke, 3 if something is no longer tested, else 0; 2 for a file that is not a
    complete report.
    """
    from pgagents.report.merge import compare, render
    from pgagents.report.read import read

    before, after = read(old)[0], read(new)[0]
    changes = compare(before, after)
    click.echo(render(changes, before, after), nl=False)
    return changes.exit_code
