"""Pace the requests: by the catalogue's buckets before the first answer, then by rate-limit headers.

`Pacer` also says how long a refused call waits, by Retry-After or the limit's headers, and when that is
longer than `--max-wait` allows.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field

from pgagents.base.http import Response
from pgagents.catalogue.model.model import Model

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


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit of the server: of the calls of one identity to a bucket, or to an operation without one.

    `name` is what people read. The operation is empty for a limit of all calls of the identity.
    """

    role: str
    surface: str
    operation: str
    name: str = field(compare=False)
    is_counted: bool = field(default=False, compare=False)
    """True if the catalogue declares it, so that the pacer counts its calls."""


class Holds:
    """The limits that the server has announced by refusing a call, and until when each one holds.

    Two operations that are refused one right after the other share a limit: nothing of the identity was
    served between. Then all its calls wait. Otherwise the other operations go on.
    """

    def __init__(self, timer: Callable[[], float]) -> None:
        self._timer = timer
        self._until: dict[Limit, float] = {}
        self._served: set[str] = set()
        """The identities of which a call was served since the last refusal."""
        self._awaited: dict[Limit, float] = {}
        """The timer's value until which calls wait, by what limits them."""
        self.waits: dict[str, float] = {}
        """The seconds during which at least one call waited, by the limit's name."""

    def note_served(self, limit: Limit) -> None:
        """Note that a call was not refused for its limit."""
        self._served.add(limit.role)

    def note_refused(self, limit: Limit, seconds: float) -> None:
        """Note that a call must be repeated only after so many seconds."""
        until = self._timer() + seconds
        others = any(self._holds(held) and held.role == limit.role and held != limit for held in self._until)
        if others and limit.role not in self._served:
            limit = _all_calls(limit)
        self._served.discard(limit.role)
        self._until[limit] = max(until, self._until.get(limit, 0.0))

    def has_refused(self, limit: Limit) -> bool:
        """True if a call was refused for a limit. Its calls are then sent one after another."""
        return limit in self._until or _all_calls(limit) in self._until

    def find_due(self, limit: Limit) -> float:
        """Return the timer's value at which a call may be sent; it may be past."""
        return max(self._until.get(limit, 0.0), self._until.get(_all_calls(limit), 0.0))

    def count_wait(self, limit: Limit, due: float) -> None:
        """Count the time until a call of a limit is sent. Times at which several wait count once."""
        if self._until.get(_all_calls(limit), 0.0) >= due:
            limit = _all_calls(limit)
        since = max(self._timer(), self._awaited.get(limit, 0.0))
        if due > since:
            self.waits[limit.name] = self.waits.get(limit.name, 0.0) + due - since
            self._awaited[limit] = due

    def is_awaited(self, limit: Limit, seconds: float) -> bool:
        """True if a call of a limit, or every call, must wait longer than so many seconds."""
        return max(self._awaited.get(limit, 0.0), self.find_due(limit)) > self._timer() + seconds

    def list_awaited(self, seconds: float = 0.0) -> tuple[str, ...]:
        """Return the names of the limits that calls wait for, for longer than so many seconds."""
        now = self._timer() + seconds
        return tuple(dict.fromkeys(limit.name for limit, until in self._awaited.items() if until > now))

    def _holds(self, limit: Limit) -> bool:
        return self._until[limit] > self._timer()


def _all_calls(limit: Limit) -> Limit:
    return Limit(limit.role, "", "", "every operation")


class Pacer:
    """Estimates the token buckets and windows, one for each identity, surface and bucket.

    `parts` is the number of runs that share the budgets at the same time; each uses an equal part.
    """

    def __init__(
        self, model: Model, clock: Callable[[], float], seed: int, max_wait_s: float, parts: int = 1
    ) -> None:
        self._model, self._clock, self.max_wait_s, self._parts = model, clock, max_wait_s, parts
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
        return min(wait, self.max_wait_s)

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

    def find_asked(self, answer: Response, attempt: int = 0) -> float:
        """Return the seconds to wait that an answer asks for; if it names none, more with each attempt."""
        told = self._model.limit_reader.wait_s(answer.header, self._clock())
        return told if told is not None else min(2.0**attempt, 30.0)

    def retry(self, answer: Response, attempt: int) -> float | None:
        """Return the seconds to wait after a rate-limited answer or a 503, with jitter.

        Return None if the wait exceeds `max_wait_s`.
        """
        base = self.find_asked(answer, attempt)
        if base > self.max_wait_s:
            return None
        return min(self.max_wait_s, base + self._random.random() * min(1.0, 0.1 + base * 0.1))

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
