"""Wait, and measure the time that a run spends on waiting and on its requests."""

from __future__ import annotations

from collections.abc import Callable

from pgagents.verify.run.sending.clocks import Clocks
from pgagents.verify.run.sending.time_left import TimeLeft

MOST_FIRST = 10
"""The number of first answers whose times are kept."""


class Timing:
    """Waits within the time that is left, and measures what requests take."""

    def __init__(self, clocks: Clocks, left: TimeLeft) -> None:
        self.clocks, self.left = clocks, left
        self.seconds_sending = self.waited = 0.0
        self.first_seconds: list[float] = []
        """The response times of the first answers, in seconds."""
        self.most_together = 1
        """The most requests that were on their way at the same time. If several, their times must not be
        added up.
        """
        self.on_wait: Callable[[float], None] | None = None

    @property
    def overlaps(self) -> bool:
        """True if several requests may be on their way."""
        return self.most_together > 1

    def wait_until(self, due: float) -> None:
        """Wait until the timer has this value, as a limit of the server demands. Raises Stop."""
        self.wait(due - self.clocks.timer())

    def wait(self, seconds: float, *, quiet: bool = False) -> None:
        """Wait, and report the wait. Raises Stop if the run's time ends before that."""
        if seconds <= 0:
            return
        self.left.check(seconds)
        if self.on_wait and not quiet:
            self.on_wait(seconds)
        self.waited += seconds
        self.clocks.sleep(seconds)

    def spend(self, seconds: float) -> None:
        """Note the seconds that a request took."""
        self.seconds_sending += 0.0 if self.overlaps else seconds
        if len(self.first_seconds) < MOST_FIRST:
            self.first_seconds.append(seconds)
