"""A thread that delivers events and deletes old data while the sandbox answers."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable

from pgagents.sandbox.events.deliver import Courier

LONGEST_NAP_S = 1.0


class Background:
    """A thread that works until it is stopped.

    Each round calls `chore`. Errors are logged, and work goes on.
    """

    def __init__(self, courier: Courier, chore: Callable[[], None], log: Callable[[str], None]) -> None:
        self._courier = courier
        self._chore = chore
        self._log = log
        self._wake = threading.Event()
        self._stopped = False
        self._thread = threading.Thread(target=self._work, name="background", daemon=True)

    def start(self) -> None:
        """Start the thread. It also delivers the events that an earlier process left behind."""
        self._courier.outbox.notice = self._wake.set
        self._thread.start()

    def stop(self, most_s: float) -> None:
        """Stop after the current delivery, but within `most_s` seconds; an aborted delivery is sent again
        at the next start.
        """
        self._stopped = True
        self._wake.set()
        self._thread.join(most_s)

    def _work(self) -> None:
        while not self._stopped:
            self._wake.clear()
            try:
                self._chore()
                sent = self._courier.round()
                with self._courier.outbox.store.lock:
                    soon = self._courier.outbox.next_due_in_s()
            except Exception:
                if self._stopped:
                    return
                self._log(traceback.format_exc())
                sent, soon = 0, None
            if not sent and not self._stopped:
                self._wake.wait(LONGEST_NAP_S if soon is None else min(LONGEST_NAP_S, max(0.05, soon)))
