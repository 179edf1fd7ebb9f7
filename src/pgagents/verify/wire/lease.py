"""The lease of a run: a file that says until when this process may send anything.

Whoever gave the lease renews it by writing the file anew. Once it has ended, another run may use the server.
So every client of this package asks for the lease right before it sends. One lease holds for the process.
"""

from __future__ import annotations

import json
import math
import os
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pgagents.base.errors import SetupError
from pgagents.base.http import Silence

UNSENT, CUT = "no-lease", "lease-ended"
"""Kinds of a Silence: nothing was sent, because there was no lease; or the lease ended before the answer
came.
"""
MOST_BYTES = 4_096
"""The most bytes of a lease's file."""
HELP = 'whoever gave the lease writes it anew as {"expires": UNIX SECONDS}'


class LeaseEnded(SetupError):
    """Raised if something would have to be sent, and the lease has ended."""


class Lease:
    """The lease in a file. `clock` gives seconds since 1970, `timer` seconds that no clock's setting moves.

    The lease has ended once `clock` has passed its end. The clock may be set back meanwhile. So the lease
    never lasts longer by `timer` than it had left when this end was first seen.
    """

    def __init__(
        self,
        path: Path,
        *,
        clock: Callable[[], float] = time.time,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self._path, self._clock, self._timer = path, clock, timer
        self._expires = -math.inf
        self._guard = -math.inf
        """The timer's value at which the lease ends at the latest, from the first sight of its end."""
        self._problem = ""

    def find_seconds_left(self) -> float:
        """Return the seconds that are left, 0 if the lease has ended, is missing, or cannot be read.

        The file is read each time, which takes some 15 microseconds.
        """
        now = self._timer()
        expires, problem = _read_end(self._path)
        if not problem and (expires != self._expires or self._problem):
            self._guard = now + (expires - self._clock())
        self._expires, self._problem = expires, problem
        return 0.0 if problem else max(0.0, min(expires - self._clock(), self._guard - now))

    @property
    def problem(self) -> str:
        """Why nothing may be sent, in a sentence; empty while the lease lasts."""
        if self.find_seconds_left() > 0:
            return ""
        return f"the lease {self._problem or 'has ended'}, so nothing more is sent"

    def check(self) -> None:
        """Raise LeaseEnded unless the lease lasts."""
        if problem := self.problem:
            raise LeaseEnded(f"{self._path}: {problem}", HELP)


def _read_end(path: Path) -> tuple[float, str]:
    """Return the end of a lease in seconds since 1970, and why there is none; empty if there is one."""
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        try:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                return 0.0, "is not a file"
            raw = os.read(handle, MOST_BYTES + 1)
        finally:
            os.close(handle)
    except FileNotFoundError:
        return 0.0, "is gone"
    except (OSError, ValueError) as error:
        return 0.0, f"cannot be read ({getattr(error, 'strerror', None) or error})"
    try:
        value = json.loads(raw) if len(raw) <= MOST_BYTES else None
    except (ValueError, RecursionError):
        value = None
    expires = value.get("expires") if isinstance(value, dict) else None
    if isinstance(expires, bool) or not isinstance(expires, int | float):
        return 0.0, "says no `expires`"
    try:
        end = float(expires)
    except OverflowError:
        end = math.inf
    return (end, "") if math.isfinite(end) else (0.0, "says no `expires` that is a time")


# -- the lease of this process


_held: Lease | None = None


def find_lease() -> Lease | None:
    """Return the lease of this process; None if it needs none."""
    return _held


@contextmanager
def holding(lease: Lease | None) -> Iterator[None]:
    """Let nothing be sent from this process without the lease, until the block ends."""
    global _held
    before, _held = _held, lease
    try:
        yield
    finally:
        _held = before


# -- what a client asks right before it sends


class Permit:
    """The leave to send one request. `most_s` are the seconds that it may take, with the lease or without.

    `refusal` is the silence that stands for the answer if it must not be sent; None if it may be.
    """

    def __init__(self, most_s: float) -> None:
        self._lease = _held
        self.most_s = most_s
        self.refusal: Silence | None = None
        self._bound = False
        if self._lease is None:
            return
        left_s = self._lease.find_seconds_left()
        if left_s <= 0:
            self.refusal = Silence(UNSENT, self._lease.problem)
        elif left_s < most_s:
            self.most_s, self._bound = left_s, True

    def explain(self, silence: Silence) -> Silence:
        """Return the silence of a request that was sent, as the lease's if it ended before the answer came:
        the server did not fail.
        """
        if self._lease is None or silence.kind != "timeout":
            return silence
        if not self._bound and self._lease.find_seconds_left() > 0:
            return silence
        detail = f"no answer within the {self.most_s:.3g} s that the lease had left"
        return Silence(CUT, detail, begun=silence.begun)


def may_send() -> bool:
    """Return whether anything may be sent from this process now."""
    return _held is None or _held.find_seconds_left() > 0
