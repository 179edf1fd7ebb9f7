"""Say how far a long measurement is and how long it still takes, and end it when its time is up."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

T = TypeVar("T")
TELLING_S = 10.0
"""The least time between two lines of progress, in seconds."""


@dataclass(slots=True)
class Part:
    """The share of one part that was measured: `done` steps of `total`."""

    name: str
    total: int
    done: int = 0

    def __str__(self) -> str:
        """Return the part as `7 of 20 seeds`."""
        return f"{self.done} of {self.total} {self.name}"


@dataclass(slots=True)
class Budget:
    """The seconds that a measurement may take. `clock` and `tell` are replaced in tests."""

    seconds: float
    clock: Callable[[], float] = time.monotonic
    tell: Callable[[str], None] = field(default=lambda line: print(line, file=sys.stderr, flush=True))
    _begun: float = field(init=False)

    def __post_init__(self) -> None:
        """Start the time."""
        self._begun = self.clock()

    @property
    def left_s(self) -> float:
        """The seconds that are left, never less than none."""
        return max(0.0, self._begun + self.seconds - self.clock())

    def share(self, parts: int) -> Budget:
        """Return a budget with one of several equal parts of what is left."""
        return Budget(self.left_s / max(1, parts), self.clock, self.tell)

    def steps(self, label: str, part: Part, items: Iterable[T]) -> Iterator[T]:
        """Yield the items while there is time, the first one always, and count them in `part`.

        The caller may add to a list of items, and to the total, meanwhile.
        """
        begun = told = self.clock()
        for item in items:
            now = self.clock()
            if part.done and self.left_s <= 0:
                self.tell(f"{label}: the time is up after {part}")
                return
            if now - told >= TELLING_S:
                told = now
                whole_s = (now - begun) / max(1, part.done) * (part.total - part.done)
                self.tell(f"{label}: {part}, about {min(whole_s, self.left_s):.0f} s left")
            yield item
            part.done += 1
