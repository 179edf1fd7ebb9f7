"""Measures what the design promises and prints it beside its goal: `python -m evaluation.bench`.

Nothing here fails: times belong to the machine. Ratios are measured side by side, so that a busy machine
slows both. A build is one thread that hardly waits, so its processor time is what it takes on an idle
machine. The wall time stands beside it.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from evaluation.bench import scale, zoo
from evaluation.bench.alarms import ORDERS, SEEDS, VARIATION_SEEDS, alarms
from evaluation.bench.catalogue import make_catalogue
from evaluation.bench.importer import measure as importing
from evaluation.bench.lint import lint_rows
from evaluation.bench.lots import LOTS, QUERIES, search
from evaluation.bench.mcp import first_list, overhead
from evaluation.bench.vendors import MANY as MANY_ACTIONS
from evaluation.bench.vendors import measure_lists, measure_vendors
from evaluation.bench.verify import Times, verify_in_process

RUN = "from pgagents.cli.main import run; run()"
Row = tuple[str, str, str, bool]


class Cost(NamedTuple):
    """Seconds of the processor, seconds by the clock, the most megabytes."""

    cpu_s: float
    wall_s: float
    megabytes: float

    def describe(self) -> str:
        return f"{self.cpu_s:.2f} s (by the clock {self.wall_s:.2f} s)"


def main() -> None:
    """Measure the parts that are named, or all that do not take long, and print a table."""
    if sys.argv[1:2] == ["zoo"]:
        zoo.main(sys.argv[2:])
        return
    named = _read_arguments(sys.argv[1:])
    if not named:
        print("measuring; this takes about four minutes", file=sys.stderr)
    rows: list[Row] = []
    for part in named or SHORT:
        for row in (SHORT | LONG)[part]():
            rows.append(row)
            what, found, goal, good = row
            print(f"{what:<46} {found:>30}   goal {goal:<12} {'' if good else 'MISSED'}".rstrip(), flush=True)
    missed = sum(not good for *_, good in rows)
    print(f"\n{len(rows) - missed} of {len(rows)} goals met")


def _read_arguments(words: Sequence[str]) -> list[str]:
    """Return the parts that are named; an unknown one ends the program with a message."""
    parser = argparse.ArgumentParser(
        prog="python -m evaluation.bench",
        description="Measure what the design promises and print it beside its goal. Without a part, all that "
        f"are short are measured, which takes about four minutes: {', '.join(SHORT)}.",
        epilog=f"These take longer: {', '.join(LONG)}. zoo has arguments of its own: "
        "`python -m evaluation.bench zoo --help`.",
    )
    parser.add_argument("part", nargs="*", metavar="PART", help="what to measure")
    named: list[str] = parser.parse_args(words).part
    if unknown := set(named) - SHORT.keys() - LONG.keys():
        parser.error(
            f"no such part: {', '.join(sorted(unknown))}; there are {', '.join([*SHORT, *LONG, 'zoo'])}"
        )
    return named


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
        ("pgagents --help against python -c pass", f"{ratio:.1f}×", "< 5×", ratio < 5),
    ]


def park_graph() -> list[Row]:
    """A cold build of the shipped catalogue."""
    with tempfile.TemporaryDirectory() as folder:
        costs = [
            _cost([sys.executable, "-c", RUN, "build", "catalogue/park_graph.yaml", "--out", f"{folder}/{n}"])
            for n in range(7)
        ]
    middle = sorted(costs)[len(costs) // 2]
    return [("build of Park Graph, cold", middle.describe(), "< 0.8 s", middle.cpu_s < 0.8)]


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
        ("build of 1,000 actions", once.describe(), "about 2 s", once.cpu_s < 2.5),
        ("build of 1,000 actions, memory", f"{once.megabytes:.0f} MB", "< 400 MB", once.megabytes < 400),
        ("build of 2,000 actions against 1,000", f"{ratio:.2f}×", "< 2.3×", ratio < 2.3),
        ("build of 2,000 actions, memory", f"{twice.megabytes:.0f} MB", "(none)", True),
    ]


def mcp_server() -> Iterator[Row]:
    """The MCP server over stdio: its start, and what it adds to a call."""
    first = first_list()
    yield (
        "mcp: cold start to the first tools/list",
        Cost(first.cpu_s, first.wall_s, 0).describe(),
        "< 0.8 s",
        first.cpu_s < 0.8,
    )
    found = overhead()
    yield "mcp: a call straight over HTTP", f"{found.direct_ms:.1f} ms", "(none)", True
    yield "mcp: added to a call", f"{found.added_ms:.1f} ms", "< 5 ms", found.added_ms < 5


def linting() -> list[Row]:
    """All rules over 1,000 actions, and the GPT builder's import simulated."""
    with tempfile.TemporaryDirectory() as folder:
        return lint_rows(Path(folder), _cost)


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


def vendors() -> Iterator[Row]:
    """Measure the cost of one more vendor to a run, and the lists of a large catalogue."""
    for more in measure_vendors():
        what = f"verify: requests for {more.vendor}'s {more.contracts} contracts"
        yield what, f"{more.requests:+d} to {more.before} ({more.share:+.1%})", "< 5 %", more.share < 0.05
    found = measure_lists()
    yield (
        f"contracts of {MANY_ACTIONS:,} actions ({found.count:,})",
        f"{found.contracts_s:.2f} s",
        "< 3 s",
        found.contracts_s < 3,
    )
    yield f"plan of {MANY_ACTIONS:,} actions", f"{found.plan_s:.2f} s", "< 3 s", found.plan_s < 3


def many_lots() -> Iterator[Row]:
    """Park Graph's search, in process, among very many lots."""
    for found in search():
        slowest_ms, what = max(found.times_ms), f"search among {LOTS:,} lots {found.name}"
        yield f"{what}: median of {QUERIES}", f"{statistics.median(found.times_ms):.2f} ms", "(none)", True
        yield f"{what}: slowest", f"{slowest_ms:.2f} ms", "< 5 ms", slowest_ms < 5
        yield f"{what}: as looking at each", "yes" if found.exact else "no", "yes", found.exact


def pace() -> Iterator[Row]:
    """A run over a socket beside a bare loop of httpx's client with the same requests, and the plan before
    it.
    """
    found = list(scale.paces())
    run, loop = (statistics.median(of) for of in zip(*(one.per_s for one in found), strict=True))
    share = statistics.median(one.share for one in found)
    whole = statistics.median(one.whole_share for one in found)
    cpu_share = statistics.median(one.loop.cpu_s / one.run.cpu_s for one in found)
    yield "verify over loopback: requests/s, from the first to the last", f"{run:,.0f}", "(none)", True
    yield (
        f"verify over loopback: of {loop:,.0f} of a bare loop of httpx.Client",
        f"{share:.0%}",
        "≥ 70%",
        share >= 0.70,
    )
    yield "the same with contracts, plan and report", f"{whole:.0%}", "(none)", True
    yield "the loop's processor, of the run's", f"{cpu_share:.0%}", "(none)", True
    cold, warm = scale.planning()
    yield "plan of Park Graph, in a new process", f"{cold:.2f} s", "< 0.2 s", cold < 0.2
    yield "plan of Park Graph, again", f"{warm:.2f} s", "(none)", True


def long_run() -> Iterator[Row]:
    """Measure the memory of a run of very many exchanges."""
    found = scale.growth()
    more = found.late_mb - found.warm_mb
    yield (
        f"verify: memory, {found.exchanges:,} exchanges after {scale.WARM:,}",
        f"{more:+.1f} MB",
        "< 4 MB",
        more < 4,
    )


def false_alarms() -> list[Row]:
    """Count findings on correct servers, and on odd but legal ones; none is right. Takes most of an hour."""
    runs = requests = found = 0
    for sent, several in alarms(SEEDS, ORDERS, VARIATION_SEEDS):
        runs, requests, found = runs + 1, requests + sent, found + len(several)
    return [("verify: false alarms", f"{found} in {runs:,} runs, {requests:,} requests", "0", found == 0)]


def _cost(words: Sequence[str]) -> Cost:
    """The cost of one process."""
    begun = time.perf_counter()
    child = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    errors = child.stderr.read() if child.stderr else b""
    _, status, usage = os.wait4(child.pid, 0)
    if status:
        raise SystemExit(errors.decode(errors="replace"))
    unit = 1024 if sys.platform != "darwin" else 1024 * 1024
    return Cost(usage.ru_utime + usage.ru_stime, time.perf_counter() - begun, usage.ru_maxrss / unit)


Part = Callable[[], Iterable[Row]]
SHORT: Mapping[str, Part] = {
    "start": start, "build": park_graph, "many": many_actions, "lint": linting, "mcp": mcp_server,
    "verify": verification, "scale": pace, "vendors": vendors, "lots": many_lots, "import": importing,
}  # fmt: skip
LONG: Mapping[str, Part] = {
    "alarms": false_alarms,
    "growth": long_run,
}


if __name__ == "__main__":
    main()
