"""Carry out a job on a worker: take the server's lease, start `pgagents verify`, and publish its report.

Nothing here knows Dask: the book of leases is handed in. An attempt writes into a folder of its own. Only
the holder of the lease moves a report to its place, so a silent attempt that wakes up changes nothing.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

from pgagents.fleet.fleet_file import MCP_TOKEN, TOKEN
from pgagents.fleet.leases import Leases
from pgagents.fleet.summary import WORK

GRACE_S = 20.0
"""Seconds in which a process that is ended may clean up."""
POLL_S = 0.1
MOST_WAIT_S = 5.0
"""Seconds after which an attempt asks for a lease again, at the latest."""
MOST_TAIL = 2_000
"""Bytes at the end of a process's output that tell why it failed."""

VERIFY = (sys.executable, "-P", "-m", "pgagents", "verify")
"""The command that verifies; -P keeps the folder of the attempt out of Python's search."""
Kind = Literal["done", "failed", "lost", "stopped", "no-key", "not-here"]


@dataclass(frozen=True, slots=True)
class Order:
    """A worker needs this for a job; paths are the same on all workers. No key is in it.

    `keys` maps variables of the process to the names of the worker's. `digest` tells whether an outcome is of
    the same job, and `run` of the same run. `journals` is false for an MCP server alone, of which a run keeps
    no journal.
    """

    job: str
    server: str
    arguments: tuple[str, ...]
    report: str
    folder: str
    digest: str
    run: str
    keys: Mapping[str, str] = field(default_factory=dict)
    lease_s: float = 60.0
    journals: bool = True

    @property
    def work(self) -> Path:
        """The folder of the job for what is not a report."""
        return Path(self.folder) / WORK / self.job

    @property
    def stop(self) -> Path:
        """The file whose presence ends all jobs of the run."""
        return Path(self.folder) / WORK / f"stop-{self.run}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of a job, or of an attempt at it. `exit_code` is that of `pgagents verify`, if it ended.

    `kind` is done if there is a report, failed if the process left none, and lost if the lease ended before.
    `worker` is the address of the one that carried it out.
    """

    job: str
    kind: Kind
    text: str = ""
    exit_code: int | None = None
    seconds: float = 0.0
    digest: str = ""
    run: str = ""
    worker: str = ""


def make_version() -> str:
    """Return the version of pgagents, which all workers must have."""
    return version("pgagents")


def carry_out(order: Order, leases: Leases, worker: str = "") -> Outcome:
    """Carry out a job on a worker, and return its outcome. It waits while another attempt has the server."""
    began = time.monotonic()

    def end(kind: Kind, text: str = "", code: int | None = None) -> Outcome:
        took_s = time.monotonic() - began
        return Outcome(order.job, kind, text, code, took_s, order.digest, order.run, worker)

    described = _read(Path(order.folder) / WORK / "fleet.json")
    if described.get("run") != order.run:
        return end("not-here", f"a worker does not see {order.folder}: workers and caller share that folder")
    if described.get("version") != make_version():
        ours, theirs = make_version(), described.get("version")
        return end("not-here", f"a worker has pgagents {ours}, and the caller {theirs}")
    if lacking := sorted({name for name in order.keys.values() if not os.environ.get(name)}):
        return end("no-key", f"a worker's environment has no {', '.join(lacking)}")
    holder = uuid4().hex
    while True:
        if (earlier := read_outcome(order)) is not None and earlier.run == order.run:
            return earlier
        if order.stop.exists():
            return end("stopped", "the run was stopped before it began")
        began_s = time.time()
        try:
            number, wait_s = leases.take(order.server, holder, order.lease_s)
        except OSError as error:
            return end("lost", str(error))
        if number:
            break
        time.sleep(min(max(wait_s, POLL_S), MOST_WAIT_S))
    try:
        attempt = _Attempt(order, leases, number, began_s, frozenset(described.get("hidden", ())))
        if (earlier := read_outcome(order)) is not None and earlier.run == order.run:
            return earlier
        outcome = attempt.run(end)
        if outcome.kind != "lost":  # another attempt may have written its own by now
            write_outcome(order, outcome)
        return outcome
    finally:
        with contextlib.suppress(OSError):
            leases.give_back(order.server, number)


class _Attempt:
    """One process `pgagents verify` under a lease.

    `began_s` is the time before the lease was asked for, and `hidden` names all variables with keys of the
    fleet.
    """

    def __init__(
        self, order: Order, leases: Leases, number: int, began_s: float, hidden: frozenset[str]
    ) -> None:
        self.order, self.leases, self.number, self.hidden = order, leases, number, hidden
        self.folder = order.work / f"attempt-{number}-{uuid4().hex[:8]}"
        self.folder.mkdir(parents=True)
        self.lease = self.folder / "lease.json"
        self.expires = 0.0
        self._keep(began_s)

    def run(self, end: Any) -> Outcome:
        """Return the outcome. No process of the attempt is left then."""
        with (self.folder / "output.txt").open("wb") as output:
            process = self._start(output)
            try:
                ended = self._watch(process)
            finally:
                self._end(process)
        code = process.returncode
        report = self.folder / "report.json"
        if ended == "lost" or not self._renew():
            outcome: Outcome = end("lost", "the lease ended before the run did", code)
        elif ended == "stopped":
            outcome = end("stopped", "the run was stopped", code)
        elif code in (0, 1, 3) and report.is_file():
            report.replace(Path(self.order.folder) / self.order.report)
            shutil.rmtree(self.folder, ignore_errors=True)
            outcome = end("done", "", code)
        else:
            how = f"was ended by signal {code - 128}" if code > 128 else f"ended with exit code {code}"
            outcome = end("failed", f"pgagents verify {how}: {self._read_tail()}", code)
        return outcome

    def _start(self, output: Any) -> subprocess.Popen[bytes]:
        order = self.order
        files = [f"--report={self.folder / 'report.json'}", f"--lease={self.lease}"]
        if order.journals:
            files.append(f"--journal={order.work / 'journal'}")
        return subprocess.Popen(
            (
                sys.executable,
                "-P",
                "-m",
                "pgagents.fleet.guard",
                str(GRACE_S),
                str(self.lease),
                *VERIFY,
                *order.arguments,
                *files,
            ),
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=self.folder,
            env=make_environment(order, os.environ, self.hidden),
            start_new_session=True,
        )

    def _watch(self, process: subprocess.Popen[bytes]) -> str:
        """Renew the lease until the process ends. Return `lost`, `stopped`, or an empty text."""
        every_s = self.order.lease_s / 6
        due = time.monotonic() + every_s
        while True:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(POLL_S)
                return ""
            if self.order.stop.exists():
                return "stopped"
            if time.monotonic() >= due:
                due = time.monotonic() + every_s
                if not self._renew():
                    return "lost"

    def _renew(self) -> bool:
        """Renew the lease. Return false if it is lost; a scheduler that is silent may answer next time."""
        now_s = time.time()
        try:
            renewed = self.leases.renew(self.order.server, self.number, self.order.lease_s)
        except OSError:
            return now_s < self.expires
        if renewed:
            self._keep(now_s)
        return renewed

    def _keep(self, began_s: float) -> None:
        """Write how long the process may send: from the time before the scheduler was asked."""
        self.expires = began_s + self.order.lease_s
        write_json(self.lease, {"expires": self.expires, "number": self.number, "server": self.order.server})

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        """End the process and all that it started. It may clean up first, while the lease is renewed."""
        assert process.stdin is not None
        with contextlib.suppress(OSError):
            process.stdin.close()
        until = time.monotonic() + GRACE_S + 1
        while process.poll() is None and time.monotonic() < until:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(min(1.0, self.order.lease_s / 6))
            if process.poll() is None and not self._renew():
                break
        with contextlib.suppress(OSError):
            if os.name == "posix":
                os.killpg(process.pid, signal.SIGKILL)
            else:
                process.kill()
        process.wait()

    def _read_tail(self) -> str:
        with contextlib.suppress(OSError), (self.folder / "output.txt").open("rb") as stream:
            stream.seek(0, os.SEEK_END)
            stream.seek(max(0, stream.tell() - MOST_TAIL))
            return " ".join(stream.read().decode("utf-8", "replace").split())
        return ""


def make_environment(order: Order, ours: Mapping[str, str], hidden: Collection[str]) -> dict[str, str]:
    """Return the environment of a process: the worker's, with the keys of this API and of no other."""
    plain = {
        name: value
        for name, value in ours.items()
        if name not in hidden and name != MCP_TOKEN and not name.startswith(TOKEN)
    }
    return plain | {name: ours[variable] for name, variable in order.keys.items()}


def read_outcome(order: Order) -> Outcome | None:
    """Return the outcome of a job that is done already, by the same order; None without one."""
    data = _read(order.work / "outcome.json")
    if data.get("kind") != "done" or data.get("digest") != order.digest:
        return None
    if not (Path(order.folder) / order.report).is_file():
        return None
    try:
        return Outcome(**data)
    except TypeError:
        return None


def write_outcome(order: Order, outcome: Outcome) -> None:
    """Keep the outcome of a job, for the next run and for the report."""
    order.work.mkdir(parents=True, exist_ok=True)
    write_json(order.work / "outcome.json", asdict(outcome))


def _read(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}


def write_json(path: Path, data: Mapping[str, Any]) -> None:
    """Write JSON so that no reader sees half of it."""
    beside = path.with_name(f".{path.name}.{uuid4().hex[:8]}")
    beside.write_text(json.dumps(data), encoding="utf-8")
    beside.replace(path)
