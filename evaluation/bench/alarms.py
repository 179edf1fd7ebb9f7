"""False alarms: correct and legally odd sandboxes, many seeds and orders of the plan. None may be found.

`python -m evaluation.bench alarms` takes more than an hour. `python -m evaluation.bench.alarms SEEDS
ORDERS VARIATION_SEEDS [I/N]` runs fewer (100 3 100 if none are given), and prints each alarm with what
shows it again. I/N means each Nth seed from the Ith on, one part for each processor.
"""

from __future__ import annotations

import re
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from inprocess import START, inside, verify_mcp, verify_sandbox
from pgagents.catalogue.load import load_text
from pgagents.catalogue.model.model import Model
from pgagents.report.contract import Verdict
from pgagents.report.report import Report
from pgagents.sandbox import fault_registry
from pgagents.verify.plan.options import Options

CATALOGUE = Path(__file__).resolve().parents[2] / "catalogue" / "park_graph.yaml"
SEEDS, ORDERS, VARIATION_SEEDS = 100, 3, 100
STRIDE_S = 86_413.7
"""The next seed's run begins so much later: another weekday in time, another second of the day."""
EVERY = 50


@dataclass(frozen=True, slots=True)
class Alarm:
    """A finding though nothing is wrong; `why` is the finding, or why a contract stayed untested."""

    server: str
    seed: int
    order: int
    contract: str
    why: str


def alarms(
    seeds: int, orders: int, variation_seeds: int, part: tuple[int, int] = (1, 1)
) -> Iterator[tuple[int, list[Alarm]]]:
    """The alarms of each run, with the requests it took. A seed makes another world at another time, an order
    another plan; `part` says which of how many shares of the seeds."""
    first, step = part[0] - 1, part[1]
    for seed in range(first, seeds, step):
        for order in range(orders):
            yield of_plain(seed, order)
    for seed in range(first, variation_seeds, step):
        for name in fault_registry.list_names("variations"):
            yield of_variation(name, seed, seed % max(1, orders))
        for name in fault_registry.list_names("mcp_variations"):
            model = _load_model(fault_registry.find("mcp_variations", name).point)
            yield _collect_alarms(verify_mcp(model, seed=seed, variations=(name,)), f"mcp {name}", seed, 0)


def of_plain(seed: int, order: int = 0) -> tuple[int, list[Alarm]]:
    """The alarms of a right server, and the requests it took."""
    return _run(_load_model(None), "plain", seed, order, ())


def of_variation(name: str, seed: int, order: int = 0) -> tuple[int, list[Alarm]]:
    """The alarms of a server that takes a variation where its point is open, and the requests it took."""
    return of_variations((name,), seed, order)


def of_variations(names: Sequence[str], seed: int, order: int = 0) -> tuple[int, list[Alarm]]:
    """The alarms of a server that takes several variations at once, and the requests it took."""
    points = {fault_registry.find("variations", name).point for name in names} - {None}
    model = _load_model(*sorted(points))
    return _run(model, "+".join(names), seed, order, tuple(names))


@cache
def _load_model(*points: str | None) -> Model:
    """Load Park Graph's catalogue with these behaviour keys opened, so that variations are legal."""
    text = CATALOGUE.read_text(encoding="utf-8")
    for point in filter(None, points):
        text, count = re.subn(rf"^  {point}: .*$", f"  {point}: any", text, count=1, flags=re.M)
        if not count:
            text = text.replace("\nbehaviour:\n", f"\nbehaviour:\n  {point}: any\n", 1)
    return load_text(text, "catalogue/park_graph.yaml")


def _run(
    model: Model, server: str, seed: int, order: int, variations: tuple[str, ...]
) -> tuple[int, list[Alarm]]:
    """One run over TLS in this process; every third order also exceeds the limits and takes the server to
    be its own.
    """
    all_of_it = order % ORDERS == ORDERS - 1
    here = inside(model, seed=seed, variations=variations, world=seed + 1, start=START + seed * STRIDE_S)
    main = here.sandbox.tokens["test"] if all_of_it else here.keys["main"]
    options = Options(seed=seed * 1_000 + order, limits=all_of_it, exclusive=all_of_it)
    return _collect_alarms(
        verify_sandbox(model, here, options, keys={**here.keys, "main": main}), server, seed, order
    )


def _collect_alarms(report: Report, server: str, seed: int, order: int) -> tuple[int, list[Alarm]]:
    found = [Alarm(server, seed, order, f.contract.id, f.actual) for f in report.findings]
    found += [
        Alarm(server, seed, order, r.contract.id, r.reason)
        for r in report.results
        if r.verdict is Verdict.UNTESTED and not r.excused
    ]
    found += [Alarm(server, seed, order, "left behind", name) for name in report.footer.left_behind]
    return report.footer.requests, found


def main() -> None:
    """Run all and print what was found."""
    given = [argument for argument in sys.argv[1:] if "/" not in argument]
    seeds, orders, variation_seeds = (*map(int, given), *(SEEDS, ORDERS, VARIATION_SEEDS)[len(given) :])
    part, _, of = next((argument for argument in sys.argv[1:] if "/" in argument), "1/1").partition("/")
    runs = requests = 0
    counts: Counter[str] = Counter()
    begun = time.process_time()
    for sent, found in alarms(seeds, orders, variation_seeds, (int(part), int(of))):
        runs, requests = runs + 1, requests + sent
        for alarm in found:
            counts[alarm.contract] += 1
            print(
                (
                    f"{alarm.server}, seed {alarm.seed}, order {alarm.order}: {alarm.contract}: "
                    f"{alarm.why[:200]}"
                ),
                flush=True,
            )
        if not runs % EVERY:
            print(
                f"{runs:,} runs, {requests:,} requests, {time.process_time() - begun:.0f} s",
                file=sys.stderr,
                flush=True,
            )
    print(
        f"{sum(counts.values())} alarms in {runs:,} runs, {requests:,} requests, "
        f"{time.process_time() - begun:.0f} s of the processor"
    )


if __name__ == "__main__":
    main()
