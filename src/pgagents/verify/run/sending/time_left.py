"""The time that a run may still take, and after an interrupt its clean-up."""

from __future__ import annotations

from collections.abc import Callable

from pgagents.http import Response, Silence
from pgagents.verify.fixtures.instance import Unavailable
from pgagents.verify.run.sending.ready import Stop
from pgagents.verify.run.sending.request_budget import RequestBudget

OUT_OF_TIME = "the time that --max-time allows is over"
UNDO_S, SHORTEST_S, CUT_SLACK_S = 5.0, 0.05, 0.1
"""Three times in seconds: for a request that undoes something at the run's end, for any request at the least,
and between two clocks.
"""


class TimeLeft:
    """Knows when a run must end. `until` is that time as a value of the timer, in seconds; None is without
    end.
    """

    def __init__(self, timer: Callable[[], float], until: float | None, budget: RequestBudget) -> None:
        self._timer, self._until, self._budget = timer, until, budget
        self.cut = ""
        """A note about the request that the end of the run interrupted; empty if it interrupted none."""
        self._ends_at: float | None = None
        """The timer's value at which even clean-up ends; None unless the run was interrupted."""

    def hurry(self, seconds: float) -> None:
        """Leave so many seconds for everything that is still sent."""
        self._ends_at = self._timer() + seconds

    def check(self, seconds: float = 0.0) -> None:
        """Raise Stop if the run must end within so many seconds. While cleaning, only `hurry` ends it."""
        if self._ends_at is not None and self._timer() + seconds > self._ends_at:
            raise Stop("the time for undoing what was made is over")
        if self._until is not None and not self._budget.cleaning and self._timer() + seconds > self._until:
            raise Stop(OUT_OF_TIME)

    def find_seconds(self) -> float | None:
        """Return the seconds that the next request may take, so that it ends when the run must; None if
        nothing limits it. A request that undoes something may take UNDO_S even if less time is left.
        """
        left: float | None = None
        if self._ends_at is not None:
            left = min(UNDO_S, self._ends_at - self._timer())
        elif self._until is not None:
            left = max(self._until - self._timer(), UNDO_S if self._budget.cleaning else 0.0)
        return None if left is None else max(SHORTEST_S, left)

    def check_answer(self, answer: Response | Silence) -> None:
        """Raise Stop or Unavailable for a request that the end of the run interrupted: its silence proves
        nothing.
        """
        if not isinstance(answer, Silence) or answer.kind != "timeout":
            return
        ends_at = self._ends_at if self._ends_at is not None else self._until
        if ends_at is not None and self._timer() + CUT_SLACK_S > ends_at:
            came = (
                "status and headers had come, and the body had not ended"
                if answer.begun
                else "nothing had come"
            )
            self.cut = f"the last request was cut off: {came}"
            raise Stop(OUT_OF_TIME)
        if self._ends_at is not None:
            raise Unavailable(f"no answer within {UNDO_S:g} s, and no time is left to wait for it")
