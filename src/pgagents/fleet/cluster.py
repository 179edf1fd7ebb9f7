"""Run the jobs of a fleet on Dask: a cluster of this machine, or a scheduler that is reached by TLS.

Dask has one job of each server at a time, so that no worker waits for a server. The leases hold for what
Dask runs twice. Dask is imported only here and in `leases`, when a run begins.
"""

from __future__ import annotations

import contextlib
import logging
import signal
import ssl
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import uuid4

from pgagents.base.errors import PgagentsError, SetupError
from pgagents.base.text import brief
from pgagents.fleet.attempt import (
    GRACE_S,
    Kind,
    Order,
    Outcome,
    carry_out,
    make_version,
    read_outcome,
    write_outcome,
)
from pgagents.fleet.leases import RemoteLeases, install_book

if TYPE_CHECKING:
    from distributed import Client, Future

MOST_ATTEMPTS = 3
"""Times that a job is given to Dask again if its lease ended before it did."""
TICK_S = 1.0
SILENT_S = 30.0
"""Seconds after which a worker of the local cluster that does not answer is replaced."""
REACH_S = 30.0
"""Seconds in which a scheduler must answer, and must have a worker."""
IDLE_S = 180.0
"""Seconds without any worker after which a run ends."""
FETCH_S = 20.0
"""Seconds in which the result of a task that ended must arrive."""
LOOK_S = 10.0
"""Seconds between two looks at the workers."""
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
    try:
        parts = urlsplit(address)
        whole = bool(parts.hostname and parts.port) and parts.netloc == address.removeprefix(_TLS)
    except ValueError:
        whole = False
    if not whole or "@" in address:
        raise PgagentsError(f"--scheduler {address!r} is not {_TLS}HOST:PORT", "--scheduler tls://HOST:8786")


def check_files(scheduler: Scheduler) -> None:
    """Raise PgagentsError for files that are not certificates."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(cafile=str(scheduler.ca))
    except (OSError, ValueError) as error:
        raise PgagentsError(
            f"--tls-ca {scheduler.ca}: {_say(error)}", "give a CA's certificate (PEM)"
        ) from None
    try:
        context.load_cert_chain(str(scheduler.cert), str(scheduler.key), password=_refuse_password)
    except (OSError, ValueError) as error:
        raise PgagentsError(
            f"--tls-cert {scheduler.cert} and --tls-key {scheduler.key}: {_say(error)}",
            "give a certificate and its key without a password (PEM)",
        ) from None


def _refuse_password() -> str:
    raise ValueError("the key has a password")


def _say(error: Exception) -> str:
    reason = error.strerror or error.reason if isinstance(error, ssl.SSLError) else ""
    if isinstance(error, ssl.SSLError):
        return f"they do not fit or are not PEM ({reason})" if reason else "they do not fit or are not PEM"
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def run_jobs(
    orders: Sequence[Order], *, workers: int, scheduler: Scheduler | None, show: Callable[[Step], None]
) -> list[Outcome]:
    """Run all jobs, and return their outcomes in the order in which they ended.

    Ctrl-C ends the processes of all jobs, and the outcomes of the others say so. Raises PgagentsError if the
    scheduler cannot be reached.
    """
    with _connect(workers, scheduler) as client, _catching_signals() as stopped:
        _prepare(client, remote=scheduler is not None)
        return _Run(client, orders, show, stopped).run()


def _prepare(client: Client, *, remote: bool) -> None:
    """Give the scheduler its book, and wait for a worker. Raises SetupError for a cluster of no use."""
    try:
        there = client.run_on_scheduler(install_book, remote=remote)
    except (ImportError, AttributeError, TypeError) as error:
        raise SetupError(
            f"the scheduler has no pgagents of this version: {error}",
            f"scheduler and workers have pgagents {make_version()} installed, as this machine has",
        ) from None
    if there != make_version():
        raise SetupError(
            f"the scheduler has pgagents {there}, and this machine {make_version()}",
            "scheduler, workers and caller have the same version",
        )
    try:
        client.wait_for_workers(1, timeout=REACH_S)
    except TimeoutError:
        raise SetupError(
            f"the scheduler has had no worker for {REACH_S:.0f} s", "start its workers: dask worker tls://…"
        ) from None


class _ClusterLost(Exception):
    """The cluster is of no use any more, for the reason of the text."""


_SILENT = "the scheduler is gone; start the same command again, which runs what has no report"


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
        self.refused: dict[str, set[str]] = {}
        """The workers that could not carry out a job, because they lack something."""
        self.looked = self.seen = self.began

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
            try:
                for future in self._wait():
                    self._end(future, self.running.pop(future))
                self._look()
            except _ClusterLost as lost:
                return self._end_rest(str(lost))
        return self._end_rest("the run was stopped before it ended")

    def _end_rest(self, why: str) -> list[Outcome]:
        """Return all outcomes, where every job that has not ended was stopped."""
        left = [*self.running.values(), *(order for queue in self.waiting.values() for order in queue)]
        self.outcomes += [Outcome(order.job, "stopped", why) for order in left]
        return self.outcomes

    def _look(self) -> None:
        """Raise _ClusterLost if there has been no worker for long."""
        now = time.monotonic()
        if now < self.looked + LOOK_S:
            return
        self.looked = now
        if self._list_workers():
            self.seen = now
        elif now > self.seen + IDLE_S:
            raise _ClusterLost(f"the scheduler has had no worker for {IDLE_S:.0f} s")

    def _list_workers(self) -> list[str]:
        try:
            return list(self.client.scheduler_info()["workers"])
        except (OSError, RuntimeError):
            raise _ClusterLost(_SILENT) from None

    def _submit(self, order: Order, workers: Sequence[str] | None = None) -> None:
        self.attempts[order.job] = self.attempts.get(order.job, 0) + 1
        key = f"verify-{order.job}-{uuid4().hex}"
        # a worker that is gone by then leaves the job to any other
        future = self.client.submit(
            _carry_out,
            order,
            pure=False,
            key=key,
            retries=0,
            workers=workers,
            allow_other_workers=bool(workers),
        )
        self.running[future] = order

    def _wait(self) -> list[Future]:
        from distributed import wait

        try:
            with contextlib.suppress(TimeoutError):
                wait(list(self.running), timeout=TICK_S, return_when="FIRST_COMPLETED")
        except (CancelledError, OSError, RuntimeError):
            raise _ClusterLost(_SILENT) from None
        ended = [future for future in self.running if future.done()]
        if not ended:
            self._show(None)
        return ended

    def _end(self, future: Future, order: Order) -> None:
        """Keep the outcome of a job, give it to Dask again if its lease was lost, and begin the next one."""
        outcome = _read_outcome(future, order)
        future.release()
        stopped = self.stopped.is_set()
        if outcome.kind == "lost" and (kept := read_outcome(order)) is not None and kept.run == order.run:
            outcome = kept  # the job was done, and only the result was lost
        if outcome.kind in ("no-key", "not-here") and not stopped:
            refused = self.refused.setdefault(order.job, set())
            refused.add(outcome.worker)
            if others := [worker for worker in self._list_workers() if worker not in refused]:
                self._submit(order, others)
                return
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
    from distributed import get_worker

    worker = get_worker()
    return carry_out(order, RemoteLeases(worker), worker.address)


def _read_outcome(future: Future, order: Order) -> Outcome:
    """Return the outcome of a task that ended.

    It is lost if the worker that had it died, also after the job was done.
    """
    kind: Kind = "lost"
    try:
        if future.status == "finished":
            # the worker that has the result may die right now, and Dask would make the result anew
            outcome: Outcome = future.result(timeout=FETCH_S)
            return outcome
        if future.status == "error":
            error = future.exception(timeout=FETCH_S)
            kind, why = "failed", f"Dask gave it up: {type(error).__name__}: {error}"
        else:
            why = f"its task is {future.status}"
    except (CancelledError, TimeoutError, OSError) as error:
        why = f"its task is {future.status}: {type(error).__name__}"
    return Outcome(order.job, kind, why[:500], digest=order.digest, run=order.run)


@contextmanager
def _connect(workers: int, scheduler: Scheduler | None) -> Iterator[Client]:
    """Yield a client of the scheduler, or of a cluster of this machine that ends with the block."""
    import dask
    from distributed import Client, LocalCluster, Security

    for name in ("distributed", *logging.root.manager.loggerDict):
        if name.partition(".")[0] == "distributed":  # Dask gives some of them a level of their own
            logging.getLogger(name).setLevel(logging.CRITICAL)
    if scheduler is not None:
        security = Security(
            tls_ca_file=str(scheduler.ca),
            tls_client_cert=str(scheduler.cert),
            tls_client_key=str(scheduler.key),
            require_encryption=True,
        )
        try:
            client = Client(scheduler.address, security=security, timeout=f"{REACH_S:g}s")
        except (OSError, ValueError) as error:
            raise SetupError(
                f"--scheduler {scheduler.address} cannot be reached: {_find_reason(error)}",
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


def _find_reason(error: Exception) -> str:
    """Return why a scheduler was not reached, in our words where they are known.

    Dask wraps some failures in an error without a text, so those that caused it are read too.
    """
    causes: list[BaseException] = [error]
    while (cause := causes[-1].__cause__ or causes[-1].__context__) is not None and len(causes) < 10:
        causes.append(cause)
    text = " ".join(filter(None, map(str, causes)))
    if "ALERT" in text or "<TLS (closed)" in text:
        return "it does not take the certificate of --tls-cert, or closed the connection"
    if "certificate does not match" in text or "CERTIFICATE_VERIFY_FAILED" in text:
        return "its certificate is not of the authority of --tls-ca"
    if "IOStream is not idle" in text or "WRONG_VERSION_NUMBER" in text:
        return "what answers there speaks no TLS"
    return brief(str(error) or text, 200) or f"Dask gives no reason ({type(error).__name__})"


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
