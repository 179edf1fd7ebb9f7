"""A time limit for a piece of work."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

AGAIN_S = 0.1
"""The error is raised again after so long: Python drops one that meets a finalizer or a callback of the
garbage collector."""


@contextmanager
def within(seconds: float, message: str, help: str) -> Iterator[None]:
    """Raise this error inside the block once the time is over.

    It needs a timer signal and the main thread; elsewhere (Windows) the work is bounded by its steps and
    bytes only.
    """
    from pgagents.errors import PgagentsError

    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def over(*_: Any) -> None:
        raise PgagentsError(message, help)

    before = signal.signal(signal.SIGALRM, over)
    signal.setitimer(signal.ITIMER_REAL, seconds, AGAIN_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
