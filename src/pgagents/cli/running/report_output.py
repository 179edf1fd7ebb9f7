"""Prints a report on stdout; in a job of GitHub Actions also as annotations at the catalogue's lines."""

from __future__ import annotations

import os
import secrets
import shutil
import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from pgagents.report.report import Report
    from pgagents.source.source import Source

WIDTH, NARROWEST = 100, 40


def show(report: Report, source: Source, *, stopped: bool = False, verbose: bool = False) -> None:
    """Print the report as text.

    `stopped` means that a signal ended the run. `verbose` adds how many contracts each exchange was judged
    for. In GitHub Actions a line of the log can be a command, so a random word disables commands around the
    text (docs.github.com, "Workflow commands for GitHub Actions", read 2026-11-20).
    """
    from pgagents.report.formats import github, text

    body = text.render(report, source, colour=colour(), stopped=stopped, width=width(), verbose=verbose)
    if os.environ.get("GITHUB_ACTIONS") != "true":
        click.echo(body, nl=False)
        return
    word = secrets.token_hex(16)
    click.echo(f"::stop-commands::{word}\n{body}::{word}::")
    if report.header.shard is None:  # findings of a shard are annotated once, by the merge
        click.echo(github.render(report, source), nl=False)


def width() -> int:
    """Return the report's width: the terminal's up to a bound; constant for files and pipes."""
    if not sys.stdout.isatty():
        return WIDTH
    return max(NARROWEST, min(WIDTH, shutil.get_terminal_size((WIDTH, 24)).columns))


def colour() -> bool:
    """Return whether the report may have colours: stdout is a terminal and NO_COLOR is not set
    (no-color.org).
    """
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")
