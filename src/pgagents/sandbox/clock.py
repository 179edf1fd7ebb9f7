"""The sandbox's clock: another clock with an offset."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache

LATEST_S = 253_370_764_800.0
"""The time 9999-01-01T00:00:00Z in epoch seconds. RFC 3339 has four digits for a year."""


class Clock:
    """Seconds since 1970 from `source`, plus an offset that `advance` increases."""

    __slots__ = ("_offset_s", "_source")

    def __init__(self, source: Callable[[], float], start: float | None = None) -> None:
        self._source = source
        self._offset_s = 0.0 if start is None else start - source()

    def now(self) -> float:
        """Return the sandbox's time in epoch seconds."""
        return self._source() + self._offset_s

    def advance(self, seconds: float) -> float:
        """Move the clock forward; return the new time. Raises ValueError past the year 9998."""
        if self.now() + seconds >= LATEST_S:
            raise ValueError("past the year 9998")
        self._offset_s += seconds
        return self.now()


def rfc3339(moment: float) -> str:
    """Return epoch seconds as RFC 3339 in UTC with `Z`, in whole seconds."""
    return _format_moment(int(moment))


@lru_cache(1024)
def _format_moment(moment: int) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def epoch_of(text: str) -> float | None:
    """Return the epoch seconds of an RFC 3339 time; None if it has no offset or cannot be parsed."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.timestamp() if moment.tzinfo else None
