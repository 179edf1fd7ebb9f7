"""The clocks of a run, and the time on its server."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(slots=True)
class Clocks:
    """The caller's clocks: `clock` gives seconds since 1970, `timer` seconds for measuring; `sleep` waits."""

    clock: Callable[[], float]
    timer: Callable[[], float]
    sleep: Callable[[float], None]
    moved_s: float = 0.0
    """The time, in seconds, by which the operator's clock was moved."""

    def now(self) -> float:
        """Return the server's time: the caller's clock, shifted as the operator's clock was."""
        return self.clock() + self.moved_s
