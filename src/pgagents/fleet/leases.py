"""One lease a server: who may verify it now, and until when.

Dask may run a task twice at the same time, so a task asks here before it sends. The book stands with the
scheduler, whose clock alone decides. A lease that is not renewed ends. Its holder stops by its own clock,
which began before the scheduler's. The next one gets the server after a margin.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any, Protocol

MARGIN_S = 5.0
"""Seconds between the end of a lease and the next one of the server: for a request that is under way."""
TIMEOUT_S = 10.0
HANDLER = "pgagents_lease"
"""The name of the scheduler's handler."""


class Leases(Protocol):
    """A task asks these questions of the book. Raises OSError if the scheduler does not answer."""

    def take(self, server: str, holder: str, seconds: float) -> tuple[int, float]:
        """Return the lease's number and 0, or 0 and the seconds after which to ask again."""
        ...

    def renew(self, server: str, number: int, seconds: float) -> bool:
        """Return whether the lease is prolonged. A lease that has ended never is."""
        ...

    def give_back(self, server: str, number: int) -> None:
        """End the lease at once: its process has ended."""
        ...


@dataclass(slots=True)
class _Held:
    """The last lease of a server. `number` grows with each one, and `until` is a value of the clock."""

    number: int
    holder: str
    until: float


@dataclass(slots=True)
class LeaseBook:
    """The leases of all servers. `clock` gives seconds that no clock's setting moves.

    `since` is its value at the start of a scheduler whose earlier life may have given leases that still last.
    It is None for a scheduler without an earlier life.
    """

    clock: Callable[[], float] = time.monotonic
    margin_s: float = MARGIN_S
    since: float | None = None
    held: dict[str, _Held] = field(default_factory=dict)
    numbers: int = 0

    def take(self, server: str, holder: str, seconds: float) -> tuple[int, float]:
        """Give the server to a holder if it is free; see `Leases`.

        The same holder that asks again, as an answer was lost, gets a new lease at once.
        """
        now, last = self.clock(), self.held.get(server)
        if self.since is not None and now < self.since + seconds + self.margin_s:
            return 0, self.since + seconds + self.margin_s - now
        if last is not None and last.holder != holder and now < last.until + self.margin_s:
            return 0, last.until + self.margin_s - now
        self.numbers += 1
        self.held[server] = _Held(self.numbers, holder, now + seconds)
        return self.numbers, 0.0

    def renew(self, server: str, number: int, seconds: float) -> bool:
        """Prolong a lease; see `Leases`."""
        now, last = self.clock(), self.held.get(server)
        if last is None or last.number != number or now >= last.until:
            return False
        last.until = now + seconds
        return True

    def give_back(self, server: str, number: int) -> None:
        """End a lease; see `Leases`."""
        last = self.held.get(server)
        if last is not None and last.number == number:
            del self.held[server]

    def answer(self, verb: str, server: str, value: Any, seconds: float) -> Any:
        """Answer a message of a worker: `take`, `renew` or `give_back`, with the holder or the number."""
        if verb == "take":
            return list(self.take(server, value, seconds))
        if verb == "renew":
            return self.renew(server, value, seconds)
        return self.give_back(server, value)


def install_book(*, remote: bool, dask_scheduler: Any = None) -> str:
    """Give the scheduler a book, if it has none; two runs on one scheduler share it.

    Dask fills in `dask_scheduler` where the function is called by `run_on_scheduler`. Return the scheduler's
    version of pgagents. `remote` is false for a scheduler that this run alone has started.
    """
    if HANDLER not in dask_scheduler.handlers:
        age_s = time.time() - dask_scheduler.time_started
        since = time.monotonic() - age_s if remote else None
        dask_scheduler.handlers[HANDLER] = LeaseBook(since=since).answer
    return version("pgagents")


class RemoteLeases:
    """The scheduler's book, as a task on a worker reaches it."""

    def __init__(self, worker: Any) -> None:
        self._worker = worker

    def take(self, server: str, holder: str, seconds: float) -> tuple[int, float]:
        """See `Leases`."""
        number, wait_s = self._ask(verb="take", server=server, value=holder, seconds=seconds)
        return number, wait_s

    def renew(self, server: str, number: int, seconds: float) -> bool:
        """See `Leases`."""
        return bool(self._ask(verb="renew", server=server, value=number, seconds=seconds))

    def give_back(self, server: str, number: int) -> None:
        """See `Leases`."""
        self._ask(verb="give_back", server=server, value=number, seconds=0.0)

    def _ask(self, **message: Any) -> Any:
        from distributed.utils import sync

        call = getattr(self._worker.scheduler, HANDLER)
        try:
            return sync(self._worker.loop, call, callback_timeout=TIMEOUT_S, **message)
        except (OSError, RuntimeError, ValueError) as error:  # silent; a closed loop; no book after a restart
            raise OSError(f"the scheduler does not answer: {error}") from error
