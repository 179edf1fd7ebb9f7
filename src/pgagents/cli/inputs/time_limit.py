"""Limit the time of a piece of work."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

AGAIN_S = 0.1
"""Seconds after which the error is raised again.

Python drops an error that is raised in a finalizer or in a callback of the garbage collector.
"""


@contextmanager
def within(seconds: float, message: str, help: str) -> Iterator[None]:
    """Raise this error inside the block when the time is over.

    It needs a timer signal and the main thread. Elsewhere (Windows) only steps and bytes limit the work.
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
