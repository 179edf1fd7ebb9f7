"""Run the jobs of a fleet on Dask: a cluster of this machine, or a scheduler that is reached by TLS.

Dask has one job of each server at a time, so that no worker waits for a server. The leases hold for what
Dask runs twice. Dask is imported only here and in `leases`, when a run begins.
"""

from __future__ import annotations

import contextlib
import logging
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from pgagents.base.errors import PgagentsError, SetupError
from pgagents.fleet.attempt import GRACE_S, Order, Outcome, carry_out, write_outcome
from pgagents.fleet.leases import RemoteLeases, install_book

if TYPE_CHECKING:
    from distributed import Client, Future

MOST_ATTEMPTS = 3
"""Times that a job is given to Dask again if its lease ended before it did."""
TICK_S = 1.0
SILENT_S = 30.0
"""Seconds after which a worker of the local cluster that does not answer is replaced."""
_TLS = "tls://"


@dataclass(frozen=True, slots=True)
class Scheduler:
    """A scheduler elsewhere: its address, and the files of this client's certificate (PEM)."""

    address: str
    ca: Path
    cert: Path
    key: Path


@dataclass(frozen=True, slots=True)
class Step:
    """The state of a run: jobs that ended, all jobs, those that run, and the seconds so far."""

    ended: int
    jobs: int
    running: int
    seconds: float
    last: Outcome | None = None

    @property
    def seconds_left(self) -> float | None:
        """The seconds that the rest takes at the pace so far; None before the first job ended."""
        return self.seconds / self.ended * (self.jobs - self.ended) if self.ended else None


def check_address(address: str) -> None:
    """Raise PgagentsError for a scheduler that is not reached by TLS."""
    if not address.startswith(_TLS):
        raise PgagentsError(
            f"--scheduler {address!r} does not begin with {_TLS}",
            "a scheduler runs the code that anyone sends who reaches it, so it asks for certificates: "
            "--scheduler tls://HOST:8786 with --tls-ca, --tls-cert and --tls-key",
        )


def run_jobs(
    orders: Sequence[Order], *, workers: int, scheduler: Scheduler | None, show: Callable[[Step], None]
) -> list[Outcome]:
    """Run all jobs, and return their outcomes in the order in which they ended.

    Ctrl-C ends the processes of all jobs, and the outcomes of the others say so. Raises PgagentsError if the
    scheduler cannot be reached.
    """
    with _connect(workers, scheduler) as client, _catching_signals() as stopped:
        client.run_on_scheduler(install_book)
        return _Run(client, orders, show, stopped).run()


class _Run:
    """One run of jobs on a client of Dask."""

    def __init__(
        self,
        client: Client,
        orders: Sequence[Order],
        show: Callable[[Step], None],
        stopped: threading.Event,
    ) -> None:
        self.client, self.show, self.stopped = client, show, stopped
        self.jobs = len(orders)
        self.waiting: dict[str, deque[Order]] = {}
        for order in orders:
            self.waiting.setdefault(order.server, deque()).append(order)
        self.running: dict[Future, Order] = {}
        self.attempts: dict[str, int] = {}
        self.outcomes: list[Outcome] = []
        self.began = time.monotonic()

    def run(self) -> list[Outcome]:
        """Return the outcomes of all jobs."""
        for queue in self.waiting.values():
            self._submit(queue.popleft())
        self._show(None)
        until = float("inf")
        while self.running and time.monotonic() < until:
            if self.stopped.is_set() and until == float("inf"):
                until = time.monotonic() + GRACE_S + 15
                self._stop()
            for future in self._wait():
                self._end(future, self.running.pop(future))
        left = [*self.running.values(), *(order for queue in self.waiting.values() for order in queue)]
        self.outcomes += [
            Outcome(order.job, "stopped", "the run was stopped before it ended") for order in left
        ]
        return self.outcomes

    def _submit(self, order: Order) -> None:
        self.attempts[order.job] = self.attempts.get(order.job, 0) + 1
        key = f"verify-{order.job}-{uuid4().hex}"
        future = self.client.submit(_carry_out, order, pure=False, key=key, retries=0)
        self.running[future] = order

    def _wait(self) -> list[Future]:
        from distributed import wait

        with contextlib.suppress(TimeoutError):
            wait(list(self.running), timeout=TICK_S, return_when="FIRST_COMPLETED")
        ended = [future for future in self.running if future.done()]
        if not ended:
            self._show(None)
        return ended

    def _end(self, future: Future, order: Order) -> None:
        """Keep the outcome of a job, give it to Dask again if its lease was lost, and begin the next one."""
        outcome = _read_outcome(future, order)
        future.release()
        stopped = self.stopped.is_set()
        if outcome.kind == "lost" and self.attempts[order.job] < MOST_ATTEMPTS and not stopped:
            self._submit(order)
            return
        if outcome.kind == "lost":
            outcome = replace(outcome, text=f"{outcome.text}, {self.attempts[order.job]} times")
        if outcome.kind != "done":
            write_outcome(order, outcome)
        self.outcomes.append(outcome)
        queue = self.waiting[order.server]
        if queue and not stopped:
            self._submit(queue.popleft())
        self._show(outcome)

    def _stop(self) -> None:
        """Tell all attempts to end their processes; those that have not begun see it at their beginning."""
        for order in self.running.values():
            order.stop.touch()

    def _show(self, last: Outcome | None) -> None:
        seconds = time.monotonic() - self.began
        self.show(Step(len(self.outcomes), self.jobs, len(self.running), seconds, last))


def _carry_out(order: Order) -> Outcome:
    """Carry out a job on a worker of Dask."""
    from distributed import get_worker

    return carry_out(order, RemoteLeases(get_worker()))


def _read_outcome(future: Future, order: Order) -> Outcome:
    if future.status == "finished":
        outcome: Outcome = future.result()
        return outcome
    error = future.exception() if future.status == "error" else None
    why = f"{type(error).__name__}: {error}" if error is not None else f"its task is {future.status}"
    return Outcome(order.job, "failed", f"Dask gave it up: {why}"[:500], digest=order.digest, run=order.run)


@contextmanager
def _connect(workers: int, scheduler: Scheduler | None) -> Iterator[Client]:
    """Yield a client of the scheduler, or of a cluster of this machine that ends with the block."""
    import dask
    from distributed import Client, LocalCluster, Security

    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    if scheduler is not None:
        security = Security(
            tls_ca_file=str(scheduler.ca),
            tls_client_cert=str(scheduler.cert),
            tls_client_key=str(scheduler.key),
            require_encryption=True,
        )
        try:
            client = Client(scheduler.address, security=security, timeout="30s")
        except (OSError, ValueError) as error:
            raise SetupError(
                f"--scheduler {scheduler.address} cannot be reached: {error}",
                "is it there, and are its certificates of the same authority?",
            ) from None
        with client:
            yield client
        return
    settings: dict[str, Any] = {
        "distributed.scheduler.worker-ttl": f"{SILENT_S:g} s",
        "distributed.scheduler.allowed-failures": 10,
        "distributed.comm.timeouts.connect": "60s",
        "distributed.worker.memory.terminate": False,
        "distributed.worker.memory.pause": False,
        "distributed.worker.memory.spill": False,
        "distributed.admin.log-length": 0,
        "distributed.scheduler.http.routes": [],
        "distributed.worker.http.routes": [],
    }
    with TemporaryDirectory(prefix="pgagents-fleet-", ignore_cleanup_errors=True) as scratch:
        with dask.config.set(settings), _ignoring_ctrl_c():
            # each user of this machine can reach a port, so the cluster asks for a certificate of this run
            cluster = LocalCluster(
                n_workers=workers,
                threads_per_worker=1,
                processes=True,
                host="127.0.0.1",
                protocol="tls://",
                security=Security.temporary(),
                scheduler_kwargs={"dashboard": False, "dashboard_address": "127.0.0.1:0"},
                memory_limit=0,
                local_directory=scratch,
                silence_logs=logging.CRITICAL,
            )
        with cluster, Client(cluster, timeout="60s") as client:
            yield client


@contextmanager
def _ignoring_ctrl_c() -> Iterator[None]:
    """Let processes that are started in the block ignore Ctrl-C, which a terminal sends to them all."""
    former = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, former)


@contextmanager
def _catching_signals() -> Iterator[threading.Event]:
    """Yield an event that Ctrl-C and SIGTERM set. A second one ends this process at once."""
    stopped = threading.Event()

    def stop(number: int, _frame: Any) -> None:
        if stopped.is_set():
            raise KeyboardInterrupt
        del number
        stopped.set()

    former = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stopped
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
