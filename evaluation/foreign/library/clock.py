"""Staging's clock: it runs as fast as real time, can be moved ahead, and never goes back."""

import threading
import time
from datetime import UTC, datetime, timedelta, timezone

from ..planting import planted

OFFICE = timezone(timedelta(hours=-4))


class Clock:
    """Seconds since 1970 as the API tells them."""

    def __init__(self) -> None:
        self._start = time.time()
        self._since = time.monotonic()
        self._ahead = 0
        self._lock = threading.Lock()

    def now(self) -> int:
        """The whole seconds; fractions are cut off."""
        return int(self._start + time.monotonic() - self._since) + self._ahead

    def advance(self, seconds: int) -> int:
        """Move the clock ahead, and return the time it has then."""
        with self._lock:
            self._ahead += seconds
            return self.now()


def timestamp(seconds: int) -> str:
    """Format a time as RFC 3339 in UTC with whole seconds."""
    zone = OFFICE if planted("local-times-as-utc") else UTC
    return datetime.fromtimestamp(seconds, zone).strftime("%Y-%m-%dT%H:%M:%SZ")
