"""Measures what the design promises and prints it beside its goal: `python -m bench`.

Nothing here fails: times belong to the machine. Ratios are measured side by side, so that a busy machine slows both. A build is
one thread that hardly waits, so its processor time is what it takes on an idle machine; the wall time is told beside it.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from bench.catalogue import make_catalogue
from bench.sandbox import MANY, WARM, compare, growth
from bench.verify import Times, verify_in_process

RUN = "from pgagents.cli.main import run; run()"
Row = tuple[str, str, str, bool]


class Cost(NamedTuple):
    """Seconds of the processor, seconds by the clock, the most megabytes."""

    cpu_s: float
    wall_s: float
    megabytes: float

    def said(self) -> str:
        return f"{self.cpu_s:.2f} s (by the clock {self.wall_s:.2f} s)"


def main() -> None:
    """Measure all and print a table."""
    print("measuring; this takes about three minutes", file=sys.stderr)
    rows: list[Row] = []
    for measure in (start, park_graph, many_actions, verification, load, memory):
        for row in measure():
            rows.append(row)
            what, found, goal, good = row
            print(f"{what:<46} {found:>30}   goal {goal:<12} {'' if good else 'MISSED'}".rstrip(), flush=True)
    missed = sum(not good for *_, good in rows)
    print(f"\n{len(rows) - missed} of {len(rows)} goals met")


def start() -> list[Row]:
    """`pgagents --help` against a Python that does nothing, turn about."""
    bare, click, ours = [], [], []
    for _ in range(15):
        bare.append(_cost([sys.executable, "-c", "pass"]).wall_s)
        click.append(_cost([sys.executable, "-c", "import click"]).wall_s)
        ours.append(_cost([sys.executable, "-c", RUN, "--help"]).wall_s)
    ratio, least = (statistics.median(times) / statistics.median(bare) for times in (ours, click))
    return [
        ("import click against python -c pass", f"{least:.1f}×", "(none)", True),
        ("pgagents --help against python -c pass", f"{ratio:.1f}×", "< 8×", ratio < 8),
    ]


def park_graph() -> list[Row]:
    """A cold build of the shipped catalogue."""
    with tempfile.TemporaryDirectory() as folder:
        costs = [_cost([sys.executable, "-c", RUN, "build", "catalogue/park_graph.yaml", "--out", f"{folder}/{n}"]) for n in range(7)]
    middle = sorted(costs)[len(costs) // 2]
    return [("build of Park Graph, cold", middle.said(), "< 0.6 s", middle.cpu_s < 0.6)]


def many_actions() -> list[Row]:
    """A made catalogue of 1,000 actions, and one of 2,000."""
    costs: dict[int, list[Cost]] = {1_000: [], 2_000: []}
    with tempfile.TemporaryDirectory() as folder:
        for count in costs:
            Path(folder, f"{count}.yaml").write_text(make_catalogue(count), encoding="utf-8")
        for _ in range(3):
            for count, several in costs.items():  # turn about
                words = ["build", f"{folder}/{count}.yaml", "--out", f"{folder}/out{count}"]
                several.append(_cost([sys.executable, "-c", RUN, *words]))
    found = {count: min(several) for count, several in costs.items()}
    once, twice = found[1_000], found[2_000]
    ratio = twice.cpu_s / once.cpu_s
    return [
        ("build of 1,000 actions", once.said(), "about 2 s", once.cpu_s < 2.5),
        ("build of 1,000 actions, memory", f"{once.megabytes:.0f} MB", "< 400 MB", once.megabytes < 400),
        ("build of 2,000 actions against 1,000", f"{ratio:.2f}×", "< 2.3×", ratio < 2.3),
        ("build of 2,000 actions, memory", f"{twice.megabytes:.0f} MB", "(none)", True),
    ]


def verification() -> list[Row]:
    """A verification without sockets: generating, sending and judging apart."""
    times: Times = verify_in_process()
    each = times.judging_s / max(1, times.exchanges) * 1000
    return [
        ("verify in process: exchanges", f"{times.exchanges:,}", "(none)", True),
        ("verify in process: generating", f"{times.generating_s:.2f} s", "(none)", True),
        ("verify in process: sending", f"{times.sending_s:.2f} s", "(none)", True),
        ("verify in process: judging an exchange", f"{each:.3f} ms", "≤ 0.3 ms", each <= 0.3),
    ]


def load() -> Iterator[Row]:
    """The sandbox's search and create beside a constant route of Starlette's, same size, same client."""
    for found in compare():
        what = f"sandbox {found.name}, {found.connections} connection{'s' if found.connections > 1 else ''}"
        least = {"search": 0.40, "create": 0.25}[found.name]
        yield f"{what}: requests/s", f"{found.ours.per_s:,.0f}", "(none)", True
        yield f"{what}: p99", f"{found.ours.p99_ms:.1f} ms", f"({found.constant.p99_ms:.1f} ms)", True
        yield f"{what}: of a constant's {found.constant.per_s:,.0f}", f"{found.share:.0%}", f"≥ {least:.0%}", found.share >= least


def memory() -> list[Row]:
    """Whether the sandbox grows with the requests it has answered."""
    warm, late = growth()
    return [(f"sandbox memory, {MANY:,} requests after {WARM:,}", f"{late - warm:+.1f} MB", "< 4 MB", late - warm < 4)]


def _cost(words: Sequence[str]) -> Cost:
    """What one process takes."""
    begun = time.perf_counter()
    child = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    errors = child.stderr.read() if child.stderr else b""
    _, status, usage = os.wait4(child.pid, 0)
    if status:
        raise SystemExit(errors.decode(errors="replace"))
    unit = 1024 if sys.platform != "darwin" else 1024 * 1024
    return Cost(usage.ru_utime + usage.ru_stime, time.perf_counter() - begun, usage.ru_maxrss / unit)


if __name__ == "__main__":
    main()
