"""Pace the requests: by the catalogue's buckets before the first answer, then by rate-limit headers."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass

from pgagents.http import Response
from pgagents.model.model import Model

PLENTY = 50
"""The number of tokens above which requests may be sent before earlier answers are read."""
SHARE = 0.9
"""The part of a budget that a run uses. The rest is for other clients and for rounding."""


@dataclass(slots=True)
class _Tank:
    """A token bucket, or a window if `window_s` is above zero. A window's tokens all come back at `ends_at`.

    Before the server has given the end, a window begins with the first call.
    """

    capacity: float
    per_s: float
    tokens: float
    at: float
    window_s: float = 0.0
    ends_at: float = 0.0

    def refill(self, now: float) -> None:
        """Add the tokens that have come back since the last refill."""
        if not self.window_s:
            self.tokens = min(self.capacity, self.tokens + max(0.0, now - self.at) * self.per_s)
        elif now >= self.ends_at:
            windows = 1 + math.floor((now - self.ends_at) / self.window_s)
            self.tokens = min(self.capacity, self.tokens + windows * self.capacity)
            self.ends_at = now + self.window_s
        self.at = now

    def wait_s(self) -> float:
        """Return the seconds until the next token is available."""
        if self.tokens >= 1:
            return 0.0
        if not self.window_s:
            return (1 - self.tokens) / (self.per_s * SHARE)
        return self.ends_at - self.at + (math.ceil((1 - self.tokens) / self.capacity) - 1) * self.window_s


class Pacer:
    """Estimates the token buckets and windows, one for each identity, surface and bucket.

    `parts` is the number of runs that share the budgets at the same time; each uses an equal part.
    """

    def __init__(
        self, model: Model, clock: Callable[[], float], seed: int, max_wait_s: float, parts: int = 1
    ) -> None:
        self._model, self._clock, self._max_wait_s, self._parts = model, clock, max_wait_s, parts
        self._random = random.Random(seed)
        self._tanks: dict[tuple[str, str, str], _Tank] = {}
        self._answered: set[tuple[str, str, str]] = set()
        """The buckets for which an answer has come, with or without headers."""

    def before(self, role: str, surface: str, bucket: str | None) -> float:
        """Take a token, and return the seconds to wait before the call."""
        tank = self._tank(role, surface, bucket)
        if tank is None:
            return 0.0
        tank.refill(self._clock())
        wait = tank.wait_s()
        tank.tokens -= 1
        return min(wait, self._max_wait_s)

    def after(self, role: str, surface: str, bucket: str | None, answer: Response) -> None:
        """Update the bucket by the answer's headers."""
        reader = self._model.limit_reader
        tank = self._tank(role, surface, bucket)
        if not reader.names or tank is None:
            return
        told = reader.read(answer.header)
        self._answered.add((role, surface, str(bucket)))
        limit = told.limit if told is not None and told.limit is not None else self._published(str(bucket))
        if told is None or limit < 1:
            return
        window = self._model.buckets[str(bucket)].per_s
        tank.capacity, tank.per_s = limit / self._parts, limit / window / self._parts
        tank.tokens, tank.at = min(told.remaining, limit) / self._parts, self._clock()
        if tank.window_s and told.reset is not None:
            ahead = told.reset - tank.at if reader.in_epoch else told.reset
            tank.ends_at = tank.at + min(max(0.0, ahead), tank.window_s)

    def _published(self, bucket: str) -> int:
        return self._model.buckets[bucket].requests

    def has_plenty(self, role: str, surface: str, bucket: str) -> bool:
        """True if a bucket has enough tokens for several requests at the same time."""
        tank = self._tank(role, surface, bucket)
        if tank is None:
            return True
        known = not self._model.limit_reader.names or (role, surface, bucket) in self._answered
        return known and tank.tokens >= PLENTY

    def retry(self, answer: Response, attempt: int) -> float | None:
        """Return the seconds to wait after a rate-limited answer or a 503, with jitter.

        Return None if the wait exceeds `max_wait_s`.
        """
        told = self._model.limit_reader.wait_s(answer.header, self._clock())
        base = told if told is not None else min(2.0**attempt, 30.0)
        if base > self._max_wait_s:
            return None
        return min(self._max_wait_s, base + self._random.random() * min(1.0, 0.1 + base * 0.1))

    def _tank(self, role: str, surface: str, bucket: str | None) -> _Tank | None:
        if bucket is None or bucket not in self._model.buckets:
            return None
        key = (role, surface, bucket)
        if key not in self._tanks:
            told = self._model.buckets[bucket]
            share = told.requests / self._parts
            now, window_s = self._clock(), told.per_s if told.refill == "window" else 0.0
            self._tanks[key] = _Tank(share, share / told.per_s, share, now, window_s, now + window_s)
        return self._tanks[key]
