"""Show the progress of a verification on stderr: a bar on a terminal, otherwise a line every few seconds.

Each finding is printed on a line during the run: its place, the problem, and the call that shows it.
"""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from pgagents.base.places import Source
    from pgagents.report.baseline import Line
    from pgagents.report.report import Finding
    from pgagents.verify.plan.options import Progress

Tell = Callable[[Sequence["Finding"]], Iterable[str]]
EVERY_S = 10.0
OVER_S = 60.0
"""Seconds over which the pace is measured."""


@contextmanager
def progress(tell: Tell | None = None) -> Iterator[Callable[[Progress], None]]:
    """Yield a function that shows each step. The bar is removed when the block ends.

    `tell` prints the lines of new findings, which stay. Without it, only the report has them.
    """
    if not sys.stderr.isatty():
        yield _Lines(tell)
        return
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as Bar
    from rich.table import Column

    last = Column(ratio=1, no_wrap=True, overflow="ellipsis")
    columns = (
        TextColumn("{task.fields[count]}"),
        BarColumn(bar_width=30),
        TextColumn("{task.fields[said]}", table_column=last),
    )
    with Bar(
        *columns, console=Console(stderr=True), transient=True, refresh_per_second=5, expand=True
    ) as bar:
        task = bar.add_task("verify", total=None, count="preparing", said="")
        pace = Pace()

        def step(now: Progress) -> None:
            planned = max(now.planned, now.sent, 1)
            bar.update(
                task,
                completed=now.sent,
                total=planned,
                count=f"{now.sent:,}/{planned:,} requests",
                said=describe_progress(now, pace(now)),
            )
            for line in tell(now.found) if tell else ():
                bar.console.print(line, markup=False, highlight=False, soft_wrap=True)

        yield step


class Pace:
    """Requests a second over the last minute.

    The overall mean misleads, because a rate limit's bucket empties fast and fills slowly.
    """

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque([(0.0, 0)])

    def __call__(self, now: Progress) -> float:
        """Record this step at `now`, in the run's seconds, and return the pace."""
        if now.seconds - self._seen[-1][0] >= 1.0:
            self._seen.append((now.seconds, now.sent))
        while len(self._seen) > 1 and self._seen[1][0] <= now.seconds - OVER_S:
            self._seen.popleft()
        since, sent = self._seen[0]
        return (now.sent - sent) / (now.seconds - since) if now.seconds > since else 0.0


def describe_progress(now: Progress, pace: float | None = None) -> str:
    """Return one line with pace, time left, findings by rank and current work.

    By default the pace is that of the whole run. While random calls are generated nothing is sent, so their
    number stands there without a time.
    """
    from pgagents.verify.plan.options import GENERATING  # late, as `--help` is not to load a run's modules

    if pace is None:
        pace = now.sent / now.seconds if now.seconds > 0 else 0.0
    left = max(0, now.planned - now.sent)
    parts = [f"{pace:.0f}/s" if pace >= 2 else f"{pace * 60:.0f}/min"]
    if pace and left and not now.doing.startswith(GENERATING):
        parts.append(f"about {duration(left / pace)} left")
    if now.ranks:
        from pgagents.report.presentation import describe_ranks

        parts.append(describe_ranks(now.ranks))
    if now.waiting_s > 0:
        limit = f"the limit of {now.limits[0]}" if now.limits else "the server's limit"
        parts.append(f"waiting {now.waiting_s:.0f} s for {limit}")
    elif now.doing:
        parts.append(now.doing)
        if now.limits:
            parts.append(f"{now.limits[0]} waits for its limit")
    return " · ".join(parts)


def duration(seconds: float) -> str:
    """Format seconds as `40 s`, `3 min` or `2.5 h`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


class _Lines:
    """Prints a line every few seconds, for logs."""

    def __init__(self, tell: Tell | None = None) -> None:
        self.last = time.monotonic()
        self.pace = Pace()
        self.tell = tell

    def __call__(self, now: Progress) -> None:
        for line in self.tell(now.found) if self.tell else ():
            click.echo(line, err=True)
        pace = self.pace(now)
        if time.monotonic() - self.last >= EVERY_S:
            self.last = time.monotonic()
            click.echo(f"{now.sent:,}/{now.planned:,} requests · {describe_progress(now, pace)}", err=True)


MOST = 20
"""Most findings that are printed before the report. A sentence then refers to the report."""
LONGEST = 300
"""Longest text of a finding, and longest curl line, in characters.

A longer curl line is only in the report.
"""
IN_REPORT = "its curl line is long, and stands in the report"


class FirstLines:
    """Make the lines of new findings. Findings that a baseline accepts get none.

    `url` is the target's, for the curl lines.
    """

    def __init__(self, source: Source, url: str, baseline: Sequence[Line] = ()) -> None:
        today = datetime.now(UTC).date()
        self._source, self._url = source, url
        self.accepted = tuple(line.contract for line in baseline if line.until >= today)
        """Beginnings of the ids of contracts whose findings get no line."""
        self._told = 0

    def __call__(self, findings: Sequence[Finding]) -> Iterator[str]:
        """Yield a line for each finding, without control characters or commands to a CI server."""
        from pgagents.base.writing import disable_commands

        for finding in findings:
            if finding.contract.id.startswith(self.accepted):
                continue
            self._told += 1
            if self._told <= MOST:
                yield disable_commands(self._describe(finding))
            elif self._told == MOST + 1:
                yield "further findings are in the report"

    def _describe(self, finding: Finding) -> str:
        """Return `RANK[CONTRACT] HEADLINE; promised: WHAT (PLACE); curl …`.

        If there can be no curl line or it is too long, a sentence replaces it.
        """
        from pgagents.base.errors import shorten
        from pgagents.report.curl import NO_REQUEST, curl, find_call, of_finding
        from pgagents.report.presentation import describe_promise, make_headline, name_place

        headline = shorten(make_headline(finding), LONGEST)
        promised = shorten(describe_promise(finding), LONGEST)
        shown = of_finding(finding, self._url) or NO_REQUEST
        call = find_call(finding)
        if len(shown) > LONGEST and call is not None:
            # it may be short enough without the headers that may have caused the finding
            brief = curl(call, self._url)
            shown = brief if len(brief) <= LONGEST else IN_REPORT
        place = name_place(finding, self._source)
        return (
            f"{finding.rank.value}[{finding.contract.id}] {headline}; promised: {promised} ({place}); {shown}"
        )
