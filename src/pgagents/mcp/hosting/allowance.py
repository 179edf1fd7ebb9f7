"""Limit the calls of each caller: how many in a minute, and how many at the same time.

Each process counts for itself. With four workers a caller may make up to four times as many calls.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from pgagents.client.answer import Problem

MOST_CALLERS = 10_000
"""Most callers that are remembered. The one without calls for the longest time is forgotten first."""


@dataclass(slots=True)
class _Account:
    left: float
    at: float
    open: int = 0


class Allowance:
    """A limit of `per_minute` calls, all of which may come at once after a pause, and of `at_once` open
    calls.
    """

    def __init__(self, per_minute: int, at_once: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_minute, self._at_once, self._clock = per_minute, at_once, clock
        self._accounts: OrderedDict[str, _Account] = OrderedDict()

    @contextmanager
    def enter(self, caller: str) -> Iterator[Problem | None]:
        """Yield why a call may not be made now, or None. A permitted call is counted until the block ends."""
        account = self._find(caller)
        problem = self._refuse(account)
        if problem is None:
            account.left -= 1
            account.open += 1
        try:
            yield problem
        finally:
            if problem is None:
                account.open -= 1

    def _find(self, caller: str) -> _Account:
        now = self._clock()
        account = self._accounts.pop(caller, None) or _Account(self._per_minute, now)
        account.left = min(self._per_minute, account.left + (now - account.at) * self._per_minute / 60)
        account.at = now
        self._accounts[caller] = account
        while len(self._accounts) > MOST_CALLERS:
            self._accounts.popitem(last=False)
        return account

    def _refuse(self, account: _Account) -> Problem | None:
        if account.open >= self._at_once:
            return Problem(
                "too_many_calls",
                f"{account.open} calls of this caller are under way, and no more may be: wait for one",
                sent=False,
            )
        if account.left >= 1:
            return None
        wait = (1 - account.left) * 60 / self._per_minute
        return Problem(
            "rate_limited",
            f"this caller may make {self._per_minute} calls a minute here; the call was not made",
            retry_after_s=round(wait, 1),
            sent=False,
        )
