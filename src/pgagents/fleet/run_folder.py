"""The folder of a run: who may write there, which jobs it has orders for, and which of them are done.

The reports stand in it under the names of their jobs, as those of a CI matrix do. Below `work/` are the fleet
file's place, and for each job its outcome, its journal, and a folder for each attempt.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

from pgagents.base.errors import PgagentsError
from pgagents.catalogue.load import find_example_file
from pgagents.fleet.attempt import Order, make_version, read_outcome, write_json
from pgagents.fleet.fleet_file import OPTIONS, Api, Fleet
from pgagents.fleet.matrix import Job, list_arguments, list_jobs
from pgagents.fleet.summary import WORK


@contextmanager
def open_folder(folder: Path, fleet: Fleet, *, lease_s: float) -> Iterator[list[Order]]:
    """Make the folder, and yield the orders of all jobs. No other run uses it until the block ends.

    Raises PgagentsError if it cannot be written, or another run has it.
    """
    folder = folder.absolute()
    try:
        (folder / WORK).mkdir(parents=True, exist_ok=True)
        handle = os.open(folder / WORK / "lock", os.O_CREAT | os.O_RDWR, 0o600)
    except OSError as error:
        raise PgagentsError(
            f"--out {folder}: it cannot be written: {error.strerror}", "name another folder"
        ) from None
    try:
        _lock(handle, folder)
        run = uuid4().hex
        described = {
            "format": 1,
            "file": str(Path(fleet.file).absolute()),
            "run": run,
            "version": make_version(),
            # each order would repeat these names of all variables with keys
            "hidden": sorted({name for api in fleet.apis for name in api.keys.values()}),
        }
        write_json(folder / WORK / "fleet.json", described)
        for former in (folder / WORK).glob("stop-*"):
            former.unlink(missing_ok=True)
        yield make_orders(fleet, folder, run, lease_s)
    finally:
        os.close(handle)


def _lock(handle: int, folder: Path) -> None:
    """Lock the folder for this process. Raises PgagentsError if another one has it."""
    with suppress(ImportError):  # Windows has no such locks
        import fcntl

        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise PgagentsError(
                f"another `pgagents fleet run` uses {folder}", "wait for its end, or name another folder"
            ) from None


def make_orders(fleet: Fleet, folder: Path, run: str, lease_s: float) -> list[Order]:
    """Return the orders of all jobs of a fleet."""
    digests: dict[str, str] = {}
    leases = name_leases(fleet.apis)
    return [
        Order(
            job.name,
            leases[job.api.name],
            tuple(list_arguments(job)),
            job.report,
            str(folder),
            _make_digest(job, digests),
            run,
            dict(job.api.keys),
            lease_s,
            journals=not job.api.is_of_tools,
        )
        for job in list_jobs(fleet)
    ]


def name_leases(apis: Sequence[Api]) -> dict[str, str]:
    """Return the lease of each API by its name: that of its server.

    APIs that have a server in common, such as an MCP server, have one lease.
    """
    lease: dict[str, str] = {}

    def find(server: str) -> str:
        while (next_one := lease.setdefault(server, server)) != server:
            server = next_one
        return server

    for api in apis:
        for server in api.servers:
            lease[find(server)] = find(api.server)
    return {api.name: find(api.server) for api in apis}


def _make_digest(job: Job, known: dict[str, str]) -> str:
    """Return a digest of what decides a job: its arguments, its keys' names, and the files that it reads."""
    api = job.api
    paths = [
        api.catalogue,
        api.openapi,
        *(api.options.get(name, "") for name, o in OPTIONS.items() if o.kind == "file"),
    ]
    for path in filter(None, paths):
        if path not in known:
            known[path] = _hash_file(find_example_file(path) or Path(path))
    parts = [list_arguments(job), sorted(api.keys.items()), [known.get(path, "") for path in paths]]
    return sha256(json.dumps(parts).encode("utf-8", "replace")).hexdigest()


def _hash_file(path: Path) -> str:
    """Return the SHA-256 of a file; empty for what is none, such as an address."""
    with suppress(OSError, ValueError):
        if stat.S_ISREG(path.stat().st_mode):
            return sha256(path.read_bytes()).hexdigest()
    return ""


def split_done(orders: Sequence[Order]) -> tuple[list[Order], list[Order]]:
    """Return the orders that are done by an earlier run, and the others."""
    done = [order for order in orders if read_outcome(order) is not None]
    jobs = {order.job for order in done}
    return done, [order for order in orders if order.job not in jobs]
