"""Measure `pgagents fleet run` on many mocks that differ, and print a table.

`workers` compares one worker with eight. `killed` kills some of eight workers, and stops others for longer
than their lease. `shards` takes four shards of each API.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from evaluation.fleet.hosts import Host, serving, write_fleet
from pgagents.fleet.fleet_file import read_fleet
from pgagents.fleet.matrix import list_jobs
from pgagents.fleet.one_sarif import SarifLog
from pgagents.fleet.summary import sum_up
from pgagents.report.contract import Verdict
from pgagents.report.merge import Part, merge
from pgagents.report.read import read

APIS = 24
PARTS = ("workers", "killed", "shards")
LEASE_S = 10
EQUAL = "equal"
KEEP = "PGAGENTS_MEASURE_KEEP"
"""With this variable the folders of the runs are kept, to look into what differs."""
MOST_OF_TASKS, MOST_OF_SHARDS = 1.05, 1.35
"""Requests that a run may send for each of one worker: with a task for each API, and with four shards."""
APIS_A_HIT = 25
"""APIs for each worker that is killed or stopped: what it had sent is sent again."""
LEAST_HITS = 3


@dataclass(frozen=True)
class Measured:
    """One run of the fleet. `verdicts` has those of each API by contract."""

    seconds: float
    exit_code: int
    verdicts: dict[str, dict[str, str]]
    requests: int
    missing: tuple[str, ...]
    left: tuple[str, ...]
    overlaps: int
    hits: int = 0
    shards: int = 1


Disturb = Callable[[subprocess.Popen[bytes], list[Host]], int]


def run_fleet(apis: int, workers: int, *, shards: int = 1, disturb: Disturb | None = None) -> Measured:
    """Run a fleet of fresh mocks, and return what came of it."""
    with _making_folder() as folder, serving(apis, folder) as hosts:
        keys = write_fleet(folder / "fleet.yaml", hosts, shards=shards)
        began = time.monotonic()
        command = [
            sys.executable, "-m", "pgagents", "fleet", "run", "fleet.yaml", "--out", "out",
            "--workers", str(workers), "--lease", str(LEASE_S),
        ]  # fmt: skip
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                command, cwd=folder, env={**os.environ, **keys}, stdout=log, stderr=log
            )
            hits = disturb(process, hosts) if disturb is not None else 0
            code = process.wait()
        seconds = time.monotonic() - began
        return _read(hosts, folder, seconds, code, hits)


@contextlib.contextmanager
def _making_folder() -> Iterator[Path]:
    name = tempfile.mkdtemp(prefix="pgagents-measure-")
    try:
        yield Path(name)
    finally:
        if KEEP not in os.environ:
            shutil.rmtree(name, ignore_errors=True)


def _read(hosts: Sequence[Host], folder: Path, seconds: float, code: int, hits: int) -> Measured:
    fleet = read_fleet(folder / "fleet.yaml")
    standings = sum_up(fleet, folder / "out", SarifLog())
    missing = tuple(f"{one.name}: {one.missing}" for one in standings if one.missing)
    verdicts = {}
    jobs = list_jobs(fleet)
    for api in fleet.apis:
        paths = [folder / "out" / job.report for job in jobs if job.api is api]
        if all(path.is_file() for path in paths):
            parts = [Part(str(path), *read(path)) for path in paths]
            report = merge(parts)[0] if len(parts) > 1 else parts[0].report
            verdicts[api.name] = {r.contract.id: r.verdict.value for r in report.results}
    return Measured(
        seconds,
        code,
        verdicts,
        sum(len(host.calls) for host in hosts),
        missing,
        tuple(f"{host.name}: {row}" for host in hosts for row in host.list_left()),
        sum(len(host.list_overlaps()) for host in hosts),
        hits,
        max(api.shards for api in fleet.apis),
    )


def find_workers(process: subprocess.Popen[bytes]) -> list[tuple[int, int]]:
    """Return the workers of a run that verify now, each with the process that guards its verification."""
    lines = subprocess.run(["ps", "-eo", "pid,ppid,args"], capture_output=True, text=True, check=True).stdout
    rows = [line.split(None, 2) for line in lines.splitlines()[1:]]
    parents = {int(pid): int(ppid) for pid, ppid, _ in rows}
    workers = []
    for pid, ppid, command in rows:
        ancestor = int(ppid)
        while ancestor in parents and ancestor != process.pid:
            ancestor = parents[ancestor]
        if "pgagents.fleet.guard" in command and ancestor == process.pid:
            workers.append((int(ppid), int(pid)))
    return workers


def make_disturber(hits: int, *, every_s: float, seed: int = 0) -> Disturb:
    """Return a function that kills workers at random, and stops each fourth one for longer than its lease.

    A stop may be so long that the cluster replaces the worker, or so short that it goes on beside the next.
    """

    def disturb(process: subprocess.Popen[bytes], hosts: list[Host]) -> int:
        del hosts
        chance, done = random.Random(seed), 0
        timers = []
        while process.poll() is None and done < hits:
            time.sleep(every_s * chance.uniform(0.5, 1.5))
            workers = [worker for worker, _ in find_workers(process)]
            if not workers:
                continue
            worker, stops = chance.choice(workers), done % 4 == 0
            with contextlib.suppress(ProcessLookupError):
                os.kill(worker, signal.SIGSTOP if stops else signal.SIGKILL)
                done += 1
            if stops:
                timers.append(threading.Timer(LEASE_S * chance.uniform(1.2, 4), _wake, (worker,)))
                timers[-1].start()
        for timer in timers:
            timer.join()
        return done

    return disturb


def _wake(worker: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(worker, signal.SIGCONT)


def compare(base: Measured, other: Measured) -> str:
    """Return how many APIs have other verdicts than in the first run, as a phrase.

    A contract that needs the server to itself is not selected in a shard, which its report says.
    """
    differing, left_out = set[str](), 0
    for name, verdicts in base.verdicts.items():
        for id, verdict in verdicts.items():
            now = other.verdicts.get(name, {}).get(id)
            if now != verdict and now == Verdict.NOT_SELECTED.value and other.shards > 1:
                left_out += 1
            elif now != verdict:
                differing.add(f"{name}: {id}")
    if differing:
        return f"{len(differing)} differ: {', '.join(sorted(differing)[:4])}"
    return f"equal but for {left_out} that shards leave out" if left_out else EQUAL


def _show(title: str, one: Measured, base: Measured) -> str:
    ratio = one.requests / base.requests if base.requests else 0.0
    left = f"{len(one.left)} left" if one.left else "nothing left"
    parts = (
        f"{title:<26} {one.seconds:>6.0f} s",
        f"{one.requests:>8,} requests",
        f"{ratio:>5.3f}",
        f"exit {one.exit_code}",
        f"{len(one.missing)} without report",
        left,
        f"{one.overlaps} overlaps",
        f"verdicts {compare(base, one)}",
    )
    return "  ".join(parts)


def measure(apis: int, parts: Sequence[str]) -> int:
    """Print the table. Return 1 if something is not as it must be."""
    base = run_fleet(apis, 1)
    runs = [("one worker", base, MOST_OF_TASKS)]
    print(_show(*runs[0][:2], base), flush=True)
    if "workers" in parts:
        runs.append(("eight workers", run_fleet(apis, 8), MOST_OF_TASKS))
        print(_show(*runs[-1][:2], base), flush=True)
    if "killed" in parts:
        hits = max(LEAST_HITS, apis // APIS_A_HIT)
        disturbed = run_fleet(
            apis, 8, disturb=make_disturber(hits, every_s=max(2.0, base.seconds / 2 / hits))
        )
        most = MOST_OF_TASKS if disturbed.hits * APIS_A_HIT <= apis else 0.0
        runs.append((f"eight workers, {disturbed.hits} hit", disturbed, most))
        print(_show(*runs[-1][:2], base), flush=True)
    if "shards" in parts:
        runs.append(("four shards, four workers", run_fleet(apis, 4, shards=4), MOST_OF_SHARDS))
        print(_show(*runs[-1][:2], base), flush=True)
    wrong = [
        title
        for title, one, most in runs
        if one.missing or one.left or one.overlaps or not compare(base, one).startswith(EQUAL)
        or (most and one.requests > most * base.requests)
    ]  # fmt: skip
    for title, one, _ in runs:
        for line in (*one.missing[:5], *one.left[:5]):
            print(f"  {title}: {line}")
    print(json.dumps({"apis": apis, "wrong": wrong}))
    return 1 if wrong else 0


def main() -> int:
    """Read the command line, and measure."""
    parser = argparse.ArgumentParser(prog="python -m evaluation.fleet.measure", description=__doc__)
    parser.add_argument(
        "apis", metavar="APIS", type=int, nargs="?", default=APIS, help=f"how many mocks ({APIS})"
    )
    help = f"of {', '.join(PARTS)}; all by default"
    parser.add_argument("parts", metavar="PART", nargs="*", help=help)
    given = parser.parse_args()
    if given.apis < 1:
        parser.error("APIS is at least 1")
    if unknown := sorted({*given.parts} - {*PARTS}):
        parser.error(f"PART is {', '.join(PARTS)}, and not {unknown[0]}")
    return measure(given.apis, given.parts or PARTS)


if __name__ == "__main__":
    sys.exit(main())
