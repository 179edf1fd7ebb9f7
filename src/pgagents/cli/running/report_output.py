"""Write a report's files, and print the report on stdout.

In a job of GitHub Actions, findings are also annotations at the catalogue's lines.
"""

from __future__ import annotations

import os
import secrets
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pgagents.cli.running import report_files

if TYPE_CHECKING:
    from pgagents.report.baseline import Line
    from pgagents.report.report import Report
    from pgagents.source.source import Source

WIDTH, NARROWEST = 100, 40


@dataclass(frozen=True, slots=True)
class Output:
    """The files and the terminal for a run's report, and the accepted findings."""

    reports: tuple[Path, ...] = ()
    again: str = ""
    """The command line that repeats the run."""
    baseline: Sequence[Line] | None = None
    """Accepted findings."""
    memory: Path | None = None
    """The file that stores the failed contracts."""
    verbose: bool = False
    """True to print for how many contracts each exchange was judged."""


def add_origin(report: Report, again: str) -> Report:
    """Return the report with the command line that repeats its run, and the catalogue's path in its
    repository.
    """
    inside = report_files.in_repository(report.header.catalogue)
    return replace(report, header=replace(report.header, again=again, in_repository=inside))


def publish(report: Report, source: Source, output: Output, *, stopped: bool = False) -> int:
    """Mark accepted findings, write the report files, print the report. Return the report's exit code.

    `stopped` means that a signal ended the run. Raises PgagentsError for a file that cannot be written, after
    the report is printed.
    """
    if output.baseline is not None:
        from pgagents.report.baseline import apply

        report = apply(report, output.baseline, datetime.now(UTC).date())
    try:
        report_files.write(output.reports, report, source)
    finally:
        show(report, source, stopped=stopped, verbose=output.verbose)
    return report.exit_code


def show(report: Report, source: Source, *, stopped: bool = False, verbose: bool = False) -> None:
    """Print the report as text.

    `stopped` means that a signal ended the run. `verbose` adds for how many contracts each exchange was
    judged. In GitHub Actions a line of the log can be a command, so a random word disables commands around
    the text. Source: docs.github.com, "Workflow commands for GitHub Actions", read 2026-11-20.
    """
    from pgagents.report.formats import github, text

    body = text.render(report, source, colour=colour(), stopped=stopped, width=width(), verbose=verbose)
    if os.environ.get("GITHUB_ACTIONS") != "true":
        click.echo(body, nl=False)
        return
    word = secrets.token_hex(16)
    click.echo(f"::stop-commands::{word}\n{body}::{word}::")
    if report.header.shard is None:  # findings of a shard are annotated when the shards are merged
        click.echo(github.render(report, source), nl=False)


def width() -> int:
    """Return the report's width: the terminal's up to a maximum, or a constant for files and pipes."""
    if not sys.stdout.isatty():
        return WIDTH
    return max(NARROWEST, min(WIDTH, shutil.get_terminal_size((WIDTH, 24)).columns))


def colour() -> bool:
    """Return whether the report may have colours: stdout is a terminal, and NO_COLOR is not set
    (no-color.org).
    """
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")
