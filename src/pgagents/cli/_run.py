"""One verification from the command line: signals, progress, the printed report, the report files."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pgagents.cli import _progress, _reports

if TYPE_CHECKING:
    from pgagents.model import Model
    from pgagents.verify.options import Options

STOPPED = 130


@dataclass(slots=True)
class _Stop:
    """Whether a signal ended the run."""

    asked: bool = False


def run(
    model: Model,
    url: str,
    keys: Mapping[str, str],
    options: Options,
    *,
    cacert: Path | None,
    reports: tuple[Path, ...],
    plain_url: str = "",
    headers: Mapping[str, str] | None = None,
    again: str = "",
) -> int:
    """Verify, write the report files, print the report on stdout; returns the exit code.

    `headers` go with every request and into no report; `again` is the command line that repeats the run.
    """
    from pgagents.report import text
    from pgagents.verify.options import Identities
    from pgagents.verify.run import verify
    from pgagents.verify.send import Client

    handler = Client(url, cacert=str(cacert) if cacert else None, headers=headers)
    plain = Client(plain_url) if plain_url else None
    with signals() as stop, _progress.progress() as step:
        report = verify(
            model, handler, Identities(keys, _secrets(headers or {})), options,
            clock=time.time, sleep=time.sleep, wall=wall, url=url, on_progress=step,
            plain=plain, plain_url=plain_url,
        )  # fmt: skip
    try:
        _reports.write(reports, report, model.source)
    finally:
        click.echo(text.render(report, model.source, colour=colour(), again=again), nl=False)
    return STOPPED if stop.asked else report.exit_code


def _secrets(headers: Mapping[str, str]) -> tuple[str, ...]:
    """What of the headers must be in no report: all values, but not those of Accept and its kin, whose words stand in every answer."""
    return tuple(value for name, value in headers.items() if not name.lower().startswith("accept"))


def wall() -> str:
    """Now, as RFC 3339 in UTC."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def colour() -> bool:
    """Whether the report may have colours: stdout is a terminal and NO_COLOR is not set (no-color.org)."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def version() -> str:
    """The installed version of pgagents."""
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as installed

    try:
        return installed("pgagents")
    except PackageNotFoundError:
        return "0+unknown"


@contextmanager
def signals() -> Iterator[_Stop]:
    """SIGTERM (a cancelled CI job) ends the run as Ctrl-C does: clean up, then report."""
    stop = _Stop()

    def asked(_number: int, _frame: Any) -> None:
        stop.asked = True
        raise KeyboardInterrupt

    earlier = {number: signal.signal(number, asked) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)
