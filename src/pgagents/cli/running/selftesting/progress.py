"""Show the progress of a self-test, and end it when its time is over."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import click

from pgagents.cli.running.progress import duration

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
