"""Measures what the design promises and prints it beside its goal: `python -m bench`.

Nothing here fails: times belong to the machine. Ratios are measured side by side, so that a busy machine slows both.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from bench.catalogue import make_catalogue
from bench.verify import Times, verify_in_process

RUN = "from pgagents.cli.main import run; run()"
Row = tuple[str, str, str, bool]


def main() -> None:
    """Measure all and print a table."""
    print("measuring; this takes about two minutes", file=sys.stderr)
    rows: list[Row] = []
    for measure in (start, park_graph, many_actions, verification):
        for row in measure():
            rows.append(row)
            what, found, goal, good = row
            print(f"{what:<46} {found:>16}   goal {goal:<12} {'' if good else 'MISSED'}".rstrip(), flush=True)
    missed = sum(not good for *_, good in rows)
    print(f"\n{len(rows) - missed} of {len(rows)} goals met")


def start() -> list[Row]:
    """`pgagents --help` against a Python that does nothing, turn about."""
    bare, ours = [], []
    for _ in range(15):
        bare.append(_wall([sys.executable, "-c", "pass"]))
        ours.append(_wall([sys.executable, "-c", RUN, "--help"]))
    ratio = statistics.median(ours) / statistics.median(bare)
    return [("pgagents --help against python -c pass", f"{ratio:.1f}×", "< 8×", ratio < 8)]


def park_graph() -> list[Row]:
    """A cold build of the shipped catalogue."""
    with tempfile.TemporaryDirectory() as folder:
        times = [_wall([sys.executable, "-c", RUN, "build", "catalogue/park_graph.yaml", "--out", f"{folder}/{n}"]) for n in range(7)]
    middle = statistics.median(times)
    return [("build of Park Graph, cold", f"{middle:.2f} s", "< 0.6 s", middle < 0.6)]


def many_actions() -> list[Row]:
    """A made catalogue of 1,000 actions, and one of 2,000."""
    costs: dict[int, list[tuple[float, float]]] = {1_000: [], 2_000: []}
    with tempfile.TemporaryDirectory() as folder:
        for count in costs:
            Path(folder, f"{count}.yaml").write_text(make_catalogue(count), encoding="utf-8")
        for _ in range(3):
            for count, several in costs.items():  # turn about
                words = ["build", f"{folder}/{count}.yaml", "--out", f"{folder}/out{count}"]
                several.append(_cost([sys.executable, "-c", RUN, *words]))
    found = {count: min(several) for count, several in costs.items()}
    (seconds, megabytes), (twice, more) = found[1_000], found[2_000]
    return [
        ("build of 1,000 actions", f"{seconds:.2f} s", "about 2 s", seconds < 2.5),
        ("build of 1,000 actions, memory", f"{megabytes:.0f} MB", "< 400 MB", megabytes < 400),
        ("build of 2,000 actions against 1,000", f"{twice / seconds:.2f}×", "< 2.3×", twice / seconds < 2.3),
        ("build of 2,000 actions, memory", f"{more:.0f} MB", "(none)", True),
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


def _wall(words: Sequence[str]) -> float:
    begun = time.perf_counter()
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - begun


def _cost(words: Sequence[str]) -> tuple[float, float]:
    """Seconds and the most megabytes of one process."""
    begun = time.perf_counter()
    child = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    errors = child.stderr.read() if child.stderr else b""
    _, status, usage = os.wait4(child.pid, 0)
    if status:
        raise SystemExit(errors.decode(errors="replace"))
    unit = 1024 if sys.platform != "darwin" else 1024 * 1024
    return time.perf_counter() - begun, usage.ru_maxrss / unit


if __name__ == "__main__":
    main()
