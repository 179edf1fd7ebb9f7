"""How fast a run sends over a socket, beside a bare loop of the same HTTP client with the same requests; and what a very long run keeps.

`python -m bench.scale [EXCHANGES]` prints both (default 100,000 exchanges, some minutes).
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from bench.served import CATALOGUE, Served, served
from pgagents.catalogue.load import load_file
from pgagents.model import Model
from pgagents.report.report import Report
from pgagents.verify import plan as planned
from pgagents.verify.options import Identities, Options, Progress
from pgagents.verify.run import verify
from pgagents.verify.send import Client
from pgagents.wire import Handler, Request, Response, Silence

ROUNDS = 3
WARM, MANY = 20_000, 100_000


@dataclass(frozen=True, slots=True)
class Pace:
    """Of one round: requests, and the seconds, by the clock and of this process's processor, that a run and a bare loop took."""

    requests: int
    seconds: tuple[float, float]
    cpu_s: tuple[float, float]
    judging_s: float

    @property
    def per_s(self) -> tuple[float, float]:
        """Requests a second of the run and of the loop."""
        return self.requests / self.seconds[0], self.requests / self.seconds[1]

    @property
    def share(self) -> float:
        """The run's pace, of the loop's."""
        return self.seconds[1] / self.seconds[0]


@dataclass(frozen=True, slots=True)
class Grown:
    """A long run: exchanges, and this process's megabytes after WARM of them and at the end."""

    exchanges: int
    warm_mb: float
    late_mb: float
    findings: int


def paces(rounds: int = ROUNDS) -> Iterator[Pace]:
    """A standard run, then the loop, each against a fresh sandbox with the same ids; turn about, so that a busy machine slows both.

    A first round, in which everything is compiled, does not count.
    """
    model = load_file(CATALOGUE)
    for number in range(rounds + 1):
        sent: list[Request] = []
        with tempfile.TemporaryDirectory() as folder:
            with served(Path(folder)) as server:
                begun = _now()
                report = _verified(model, server, partial(_noting, sent))
                run = _since(begun)
            with served(Path(folder)) as server:
                begun = _now()
                _bare(str(server.facts["url"]), sent)
                loop = _since(begun)
        if number:
            yield Pace(len(sent), (run[0], loop[0]), (run[1], loop[1]), report.footer.seconds_judging)


def _noting(sent: list[Request], handler: Handler) -> Handler:
    """The handler, writing down what it is sent."""

    def note(request: Request) -> Response | Silence:
        sent.append(request)
        return handler(request)

    return note


def _now() -> tuple[float, float]:
    return time.perf_counter(), time.process_time()


def _since(begun: tuple[float, float]) -> tuple[float, float]:
    now = _now()
    return now[0] - begun[0], now[1] - begun[1]


def planning() -> tuple[float, float]:
    """Seconds of the processor for Park Graph's plan: in a new process (its imports left out), and again."""
    code = (
        "import time; from pathlib import Path; from pgagents.catalogue.load import load_file; from pgagents.verify.run import plan\n"
        "from pgagents.verify.check import collect; from pgagents.verify.options import Identities, Options\n"
        f"collect(); model = load_file(Path({str(CATALOGUE)!r}))\n"
        "for _ in range(2): begun = time.process_time(); plan(model, Options(), Identities({})); print(time.process_time() - begun)"
    )
    told = [subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split() for _ in range(5)]
    cold, warm = (statistics.median(map(float, several)) for several in zip(*told, strict=True))
    return cold, warm


def growth(exchanges: int = MANY, said: Callable[[str], None] = lambda _: None) -> Grown:
    """One run of so many exchanges over a socket, in this process: a standard plan, again and again."""
    model = load_file(CATALOGUE)
    seen: list[tuple[int, float]] = []

    def step(progress: Progress) -> None:
        if not seen or progress.sent >= seen[-1][0] + WARM // 4:
            seen.append((progress.sent, _resident_mb()))
            said(f"{progress.sent:,} exchanges, {seen[-1][1]:.1f} MB, {progress.broken} broken")

    with tempfile.TemporaryDirectory() as folder, served(Path(folder), database=True) as server, _repeated_plan(exchanges):
        report = _verified(model, server, lambda handler: handler, step)
    warm = next((mb for sent, mb in seen if sent >= WARM), seen[-1][1])
    return Grown(report.footer.requests, warm, _resident_mb(), len(report.findings))


@contextmanager
def _repeated_plan(exchanges: int) -> Iterator[None]:
    """Let a run go through its plan until so many exchanges are over."""
    once = planned.draft

    def again(*given: Any) -> planned.Draft:
        made = once(*given)
        times = 1 + exchanges // max(1, sum(probe.cost for probe in made.probes) // 2)
        return replace(made, probes=made.probes * times, max_requests=exchanges, again_until=exchanges)

    planned.draft = again
    try:
        yield
    finally:
        planned.draft = once


def _verified(model: Model, server: Served, around: Callable[[Handler], Handler], step: Callable[[Progress], None] | None = None) -> Report:
    """A run over the socket, with every identity that the sandbox has a key for."""
    facts = server.facts
    keys = {**{role: key for role, key in facts["keys"].items() if role in model.auth.roles}, "main": facts["keys"]["lifted"]}
    with Client(facts["url"]) as client:
        return verify(
            model, around(client), Identities(keys), Options(), clock=time.time, sleep=time.sleep, wall=lambda: "2026-01-01T00:00:00Z",
            url=facts["url"], timer=time.perf_counter, on_progress=step,
        )  # fmt: skip


def _bare(url: str, sent: Sequence[Request]) -> None:
    """The same requests with nothing around the client."""
    import httpx

    with httpx.Client(base_url=url, timeout=30, trust_env=False) as client:
        for request in sent:
            try:
                client.request(request.method, request.target, headers=list(request.headers), content=request.body or None)
            except httpx.HTTPError:
                continue  # some are wrong on purpose, and what a server does then is its own affair


def _resident_mb() -> float:
    told = subprocess.run(["ps", "-o", "rss=", "-p", str(os.getpid())], capture_output=True, text=True, check=True)
    return int(told.stdout) / 1024


def main() -> None:
    """Measure and print."""
    for pace in paces():
        (run, loop), (cpu_s, cpu_s_loop) = pace.per_s, pace.cpu_s
        print(f"{pace.requests} requests: run {run:,.0f}/s, bare loop {loop:,.0f}/s: {pace.share:.0%}")
        print(f"  processor {cpu_s:.2f} s, of it judging {pace.judging_s:.2f} s, against {cpu_s_loop:.2f} s: {cpu_s_loop / cpu_s:.0%}")
    print("plan: cold {:.3f} s, again {:.3f} s of the processor".format(*planning()))
    found = growth(int(sys.argv[1]) if sys.argv[1:] else MANY, lambda line: print(line, file=sys.stderr, flush=True))
    ended = f"{found.late_mb:.1f} MB at the end, {found.findings} findings"
    print(f"{found.exchanges:,} exchanges: {found.warm_mb:.1f} MB after {WARM:,}, {ended}")


if __name__ == "__main__":
    main()
