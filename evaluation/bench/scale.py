"""Measure how fast a run sends over a socket, beside a bare loop of the same HTTP client. Also measure what a
very long run keeps.

`python -m evaluation.bench.scale [EXCHANGES]` prints both (default 100,000 exchanges, some minutes).
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

from evaluation.bench.served import CATALOGUE, Served, run_sandbox
from pgagents.base.http import Request, Response, Silence
from pgagents.catalogue.load import load_file
from pgagents.catalogue.model.model import Model
from pgagents.report.report import Report
from pgagents.verify.plan import plan as planned
from pgagents.verify.plan.options import Identities, Options, Progress
from pgagents.verify.run.run import verify
from pgagents.verify.wire.send import Client

ROUNDS = 3
WARM, MANY = 20_000, 100_000


@dataclass(frozen=True, slots=True)
class Took:
    """Seconds by the clock and of this process's processor."""

    seconds: float
    cpu_s: float


@dataclass(frozen=True, slots=True)
class Pace:
    """The requests of one round, and their seconds. They are measured in a run from the first to the last,
    and in the whole run. Bare loops of `httpx.Client` and of the run's own client stand beside them.
    """

    requests: int
    run: Took
    whole: Took
    loop: Took
    own: Took
    judging_s: float

    @property
    def per_s(self) -> tuple[float, float]:
        """Requests a second of the run, from the first to the last, and of httpx's loop."""
        return self.requests / self.run.seconds, self.requests / self.loop.seconds

    @property
    def share(self) -> float:
        """The run's pace from its first request to its last, of httpx's loop."""
        return self.loop.seconds / self.run.seconds

    @property
    def whole_share(self) -> float:
        """The same with what comes before and after: contracts, plan, report."""
        return self.loop.seconds / self.whole.seconds


@dataclass(frozen=True, slots=True)
class Grown:
    """A long run: exchanges, and this process's megabytes after WARM of them and at the end."""

    exchanges: int
    warm_mb: float
    late_mb: float
    findings: int


class Noting(Client):
    """The client of a run, writing down what it is asked to send, and when the first request went out and
    the last came back.
    """

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.sent: list[Request] = []
        self.first: Took | None = None
        self.last = Took(0, 0)

    def __call__(self, request: Request) -> Response | Silence:
        self.first = self.first or _now()
        self.sent.append(request)
        answer = super().__call__(request)
        self.last = _now()
        return answer


def paces(rounds: int = ROUNDS) -> Iterator[Pace]:
    """A standard run, then the loops, each against a fresh sandbox with the same ids; turn about, so that a
    busy machine slows all.

    A first round, in which everything is compiled, does not count.
    """
    model = load_file(CATALOGUE)
    for number in range(rounds + 1):
        with _fresh() as server, Noting(server.facts["url"]) as client:
            begun = _now()
            report = _verify(model, server, client)
            whole = _since(begun)
        loop, own = _time_loop(partial(_bare, sent=client.sent)), _time_loop(partial(_own, sent=client.sent))
        if number and client.first is not None:
            run = Took(client.last.seconds - client.first.seconds, client.last.cpu_s - client.first.cpu_s)
            yield Pace(len(client.sent), run, whole, loop, own, report.footer.seconds_judging)


@contextmanager
def _fresh(*, database: bool = False) -> Iterator[Served]:
    with tempfile.TemporaryDirectory() as folder, run_sandbox(Path(folder), database=database) as server:
        yield server


def _time_loop(loop: Callable[[str], None]) -> Took:
    with _fresh() as server:
        begun = _now()
        loop(server.facts["url"])
        return _since(begun)


def _now() -> Took:
    return Took(time.perf_counter(), time.process_time())


def _since(begun: Took) -> Took:
    now = _now()
    return Took(now.seconds - begun.seconds, now.cpu_s - begun.cpu_s)


def planning() -> tuple[float, float]:
    """Seconds of the processor for Park Graph's plan: in a new process (its imports left out), and again."""
    code = (
        "import time; from pathlib import Path; from pgagents.catalogue.load import load_file\n"
        "from pgagents.verify.run.run import plan\n"
        "from pgagents.verify.promise import collect; from pgagents.verify.plan.options import "
        "Identities, Options\n"
        f"collect(); model = load_file(Path({str(CATALOGUE)!r}))\n"
        "for _ in range(2): begun = time.process_time(); plan(model, Options(), Identities({})); "
        "print(time.process_time() - begun)"
    )
    told = [
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout.split()
        for _ in range(5)
    ]
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

    with _fresh(database=True) as server, Client(server.facts["url"]) as client, _repeat_plan(exchanges):
        report = _verify(model, server, client, step)
    warm = next((mb for sent, mb in seen if sent >= WARM), seen[-1][1])
    return Grown(report.footer.requests, warm, _resident_mb(), len(report.findings))


@contextmanager
def _repeat_plan(exchanges: int) -> Iterator[None]:
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


def _verify(
    model: Model, server: Served, client: Client, step: Callable[[Progress], None] | None = None
) -> Report:
    """Verify the server over the socket, with every identity that the sandbox has a key for."""
    facts = server.facts
    keys = {
        **{role: key for role, key in facts["keys"].items() if role in model.auth.roles},
        "main": facts["keys"]["unlimited"],
    }
    return verify(
        model,
        client,
        Identities(keys),
        Options(),
        clock=time.time,
        sleep=time.sleep,
        wall=lambda: "2026-01-01T00:00:00Z",
        url=facts["url"],
        timer=time.perf_counter,
        on_progress=step,
    )


def _bare(url: str, sent: Sequence[Request]) -> None:
    """The same requests with nothing around `httpx.Client`."""
    import httpx

    with httpx.Client(base_url=url, timeout=30, trust_env=False) as client:
        for request in sent:
            try:
                client.request(
                    request.method,
                    request.target,
                    headers=list(request.headers),
                    content=request.body or None,
                )
            except httpx.HTTPError:
                continue  # some are wrong on purpose, and what a server does then is its own affair


def _own(url: str, sent: Sequence[Request]) -> None:
    """The same requests with nothing around the client of a run."""
    with Client(url) as client:
        for request in sent:
            client(request)


def _resident_mb() -> float:
    told = subprocess.run(
        ["ps", "-o", "rss=", "-p", str(os.getpid())], capture_output=True, text=True, check=True
    )
    return int(told.stdout) / 1024


def main() -> None:
    """Measure and print."""
    for pace in paces():
        run, loop = (f"{per_s:,.0f}/s" for per_s in pace.per_s)
        print(
            f"{pace.requests} requests: run {run} from the first to the last, bare loop of httpx.Client "
            f"{loop}: {pace.share:.0%}"
        )
        own = f"{pace.own.seconds / pace.run.seconds:.0%}"
        print(
            f"  with contracts, plan and report {pace.whole_share:.0%}; of a bare loop of the run's own "
            f"client {own}"
        )
        cpu = (
            f"{pace.run.cpu_s:.2f} s of the whole run's {pace.whole.cpu_s:.2f} s, judging "
            f"{pace.judging_s:.2f} s"
        )
        print(
            f"  processor: {cpu}; httpx.Client's loop {pace.loop.cpu_s:.2f} s, our client's "
            f"{pace.own.cpu_s:.2f} s"
        )
    print("plan: cold {:.3f} s, again {:.3f} s of the processor".format(*planning()))
    found = growth(
        int(sys.argv[1]) if sys.argv[1:] else MANY, lambda line: print(line, file=sys.stderr, flush=True)
    )
    ended = f"{found.late_mb:.1f} MB at the end, {found.findings} findings"
    print(f"{found.exchanges:,} exchanges: {found.warm_mb:.1f} MB after {WARM:,}, {ended}")


if __name__ == "__main__":
    main()
