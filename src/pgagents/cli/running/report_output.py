"""A report on stdout; in a job of GitHub Actions also as annotations at the catalogue's lines."""

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
    """Print the report as text; `stopped` says that a signal ended the run, `verbose` adds how much each exchange told.

    In a job of GitHub Actions, a line of the log can be a command to it. What a server said must be none: commands are stopped
    around the text by a word that nobody can know (docs.github.com, "Workflow commands for GitHub Actions", read 2026-11-20).
    """
    from pgagents.report.formats import github, text

    body = text.render(report, source, colour=colour(), stopped=stopped, width=width(), verbose=verbose)
    if os.environ.get("GITHUB_ACTIONS") != "true":
        click.echo(body, nl=False)
        return
    word = secrets.token_hex(16)
    click.echo(f"::stop-commands::{word}\n{body}::{word}::")
    if report.header.shard is None:  # what a shard found is said once, by whoever merges them
        click.echo(github.render(report, source), nl=False)


def width() -> int:
    """How wide the report may be: as its terminal, and no wider than is easy to read; for files and pipes always the same."""
    if not sys.stdout.isatty():
        return WIDTH
    return max(NARROWEST, min(WIDTH, shutil.get_terminal_size((WIDTH, 24)).columns))


def colour() -> bool:
    """Whether the report may have colours: stdout is a terminal and NO_COLOR is not set (no-color.org)."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")
