"""False alarms: correct and legally odd sandboxes, many seeds and orders of the plan. None may be found.

`python -m bench.alarms SEEDS ORDERS LIBERTY_SEEDS` (default 100 3 5) takes minutes; `python -m bench --long` runs it too.
"""

from __future__ import annotations

import random
import re
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pgagents.catalogue.load import load_text
from pgagents.contract import Verdict
from pgagents.model import Model
from pgagents.sandbox import oddity
from pgagents.sandbox.sandbox import open_sandbox
from pgagents.verify.options import Identities, Options
from pgagents.verify.run import verify

CATALOGUE = Path("catalogue/park_graph.yaml")
SEEDS, ORDERS, LIBERTY_SEEDS = 100, 3, 5
START = 1_776_000_000.0


@dataclass(frozen=True, slots=True)
class Alarm:
    """What was found though nothing is wrong; `why` is the finding, or why a contract stayed untested."""

    server: str
    seed: int
    order: int
    contract: str
    why: str


def alarms(seeds: int, orders: int, liberty_seeds: int) -> Iterator[tuple[int, list[Alarm]]]:
    """The alarms of each run, with the requests it took."""
    plain = _model(None)
    for seed in range(seeds):
        for order in range(orders):
            yield _run(plain, "plain", seed, order, ())
    for name in oddity.known("liberties"):
        opened = _model(oddity.module("liberties", name).POINT)
        for seed in range(liberty_seeds):
            yield _run(opened, name, seed, seed % max(1, orders), (name,))


def _model(opened: str | None) -> Model:
    """The catalogue; `opened` is a point that it is to leave open."""
    text = CATALOGUE.read_text(encoding="utf-8")
    if opened is not None:
        text, count = re.subn(rf"^  {opened}: .*$", f"  {opened}: any", text, count=1, flags=re.M)
        text = text if count else text.replace("\npoints:\n", f"\npoints:\n  {opened}: any\n", 1)
    return load_text(text, str(CATALOGUE))


def _run(model: Model, server: str, seed: int, order: int, liberties: tuple[str, ...]) -> tuple[int, list[Alarm]]:
    now = [START + seed * 86_413.7]
    opened = open_sandbox(model, seed=seed + 1, time_source=lambda: now[0], rng=random.Random(seed), liberties=liberties)

    def sleep(seconds: float) -> None:
        now[0] += seconds

    keys = {**opened.tokens, "main": opened.tokens["lifted"], "stripe": opened.stripe_secret}
    report = verify(
        model, opened.handler, Identities(keys), Options(seed=seed * 1_000 + order, live=False), clock=opened.front.clock.now, sleep=sleep,
        wall=lambda: "2026-04-18T16:00:00Z", url="http://127.0.0.1:1", timer=time.perf_counter,
    )  # fmt: skip
    found = [Alarm(server, seed, order, f.contract.id, f.actual) for f in report.findings]
    found += [Alarm(server, seed, order, r.contract.id, r.reason) for r in report.results if r.verdict is Verdict.UNTESTED]
    found += [Alarm(server, seed, order, "left behind", name) for name in report.footer.left_behind]
    return report.footer.requests, found


def main() -> None:
    """Run all and print what was found."""
    seeds, orders, liberty_seeds = (*map(int, sys.argv[1:]), *(SEEDS, ORDERS, LIBERTY_SEEDS)[len(sys.argv) - 1 :])
    runs = requests = 0
    for sent, found in alarms(seeds, orders, liberty_seeds):
        runs, requests = runs + 1, requests + sent
        for alarm in found:
            print(f"{alarm.server}, seed {alarm.seed}, order {alarm.order}: {alarm.contract}: {alarm.why[:200]}", flush=True)
    print(f"{runs:,} runs, {requests:,} requests")


if __name__ == "__main__":
    main()
