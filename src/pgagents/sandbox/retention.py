"""Delete data after the times in the catalogue's `retention`, by the sandbox's clock."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

EVERY_S = 60.0

Task = Callable[[float], None]
"""A function that deletes records older than a moment (epoch seconds). It is called inside a transaction."""


class Retention:
    """The deletion tasks with their ages in seconds."""

    def __init__(self, rules: Mapping[str, Any] | None) -> None:
        self._after_s = {name: float(rule.after_s) for name, rule in (rules or {}).items()}
        self._tasks: list[tuple[float, Task]] = []
        self._next_at = 0.0

    def add(self, name: str, task: Task) -> None:
        """Add a task for a kind of data. Data of a kind that the catalogue does not name is kept forever."""
        if name in self._after_s:
            self._tasks.append((self._after_s[name], task))

    def always(self, after_s: float, task: Task) -> None:
        """Add a task that deletes at this age, independently of the catalogue."""
        self._tasks.append((after_s, task))

    def run(self, now: float) -> None:
        """Delete the due records, at most once a minute. Call it inside a transaction."""
        if now < self._next_at:
            return
        for after_s, task in self._tasks:
            task(now - after_s)
        self._next_at = now + EVERY_S
