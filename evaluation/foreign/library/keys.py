"""Keys of staging, their roles, and how many calls each has left."""

import math
import threading
import time
from dataclasses import dataclass, field

from .problems import Problem

REFILL = 10  # calls a second


@dataclass
class Bucket:
    """The calls that a key has left; it refills in real time."""

    size: int
    left: float = field(init=False)
    filled: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self.left = self.size

    def take(self) -> int:
        """Take one call, or return the whole seconds until there is one."""
        now = time.monotonic()
        self.left = min(self.size, self.left + (now - self.filled) * REFILL)
        self.filled = now
        if self.left < 1:
            return max(1, math.ceil((1 - self.left) / REFILL))
        self.left -= 1
        return 0


@dataclass(frozen=True)
class Caller:
    """Who calls: a role, in a library."""

    role: str
    library: str


STAGING = {
    "lib_test_StaffMain000000000000000": Caller("staff", "Northfield"),
    "lib_test_StaffTwo0000000000000000": Caller("staff", "Southgate"),
    "lib_test_Reader000000000000000000": Caller("reader", "Northfield"),
    "lib_op_Operator0000000000000000": Caller("operator", ""),
}


class Keys:
    """Recognises keys and counts their calls."""

    def __init__(self, bucket: int) -> None:
        self._size = bucket
        self._buckets: dict[str, Bucket] = {}
        self._lock = threading.Lock()

    def recognise(self, key: str | None) -> Caller:
        """The caller with this key; refuses a missing or unknown one, and one without calls left."""
        if not key:
            raise Problem("key-missing", "the header X-API-Key is missing")
        caller = STAGING.get(key)
        if caller is None:
            raise Problem("key-unknown", "this key is unknown here")
        with self._lock:
            wait = self._buckets.setdefault(key, Bucket(self._size)).take()
        if wait:
            raise Problem("limit", f"try again in {wait} s", headers={"Retry-After": str(wait)})
        return caller
