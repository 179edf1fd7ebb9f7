"""One idempotency key for equal calls within some time, where the catalogue says that they are one."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections import OrderedDict
from typing import Any

MOST = 10_000
"""The number of calls that are remembered, the latest ones."""


class SharedKeys:
    """The keys of calls by caller, tool and arguments.

    A key is made of the call and of the period in which the first of its equals came. So a server that was
    started again, or another worker, makes the same one, unless a period has ended in between.
    """

    def __init__(self) -> None:
        self._first: OrderedDict[str, float] = OrderedDict()

    def find(self, call: Any, period_s: int, now: float) -> uuid.UUID:
        """Return the key of a call. `now` is in seconds; the period begins with the first equal call."""
        text = hashlib.sha256(json.dumps(call, sort_keys=True).encode()).hexdigest()
        first = self._first.get(text)
        if first is None or not first <= now < first + period_s:
            first = now
            self._first[text] = now
        self._first.move_to_end(text)
        while len(self._first) > MOST:
            self._first.popitem(last=False)
        period = int(first // period_s)
        return uuid.UUID(bytes=hashlib.sha256(f"{text} {period_s} {period}".encode()).digest()[:16])
