"""What is kept for how long: the catalogue's `retention`, by the sandbox's clock."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

EVERY_S = 60.0

Task = Callable[[float], None]
"""Forgets what is as old as that moment (epoch seconds) or older; called inside a transaction."""


class Retention:
    """The kinds of things that are forgotten, and when each was last looked through."""

    def __init__(self, rules: Mapping[str, Any] | None) -> None:
        self._after_s = {name: float(rule.after_s) for name, rule in (rules or {}).items()}
        self._tasks: list[tuple[float, Task]] = []
        self._next_at = 0.0

    def add(self, name: str, task: Task) -> None:
        """How a kind that the catalogue names is forgotten; a kind that it does not name is kept."""
        if name in self._after_s:
            self._tasks.append((self._after_s[name], task))

    def always(self, after_s: float, task: Task) -> None:
        """What is forgotten after so many seconds, whatever the catalogue says."""
        self._tasks.append((after_s, task))

    def run(self, now: float) -> None:
        """Forget what is due, at most once a minute; to be called inside a transaction."""
        if now < self._next_at:
            return
        for after_s, task in self._tasks:
            task(now - after_s)
        self._next_at = now + EVERY_S
