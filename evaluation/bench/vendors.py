"""Measure the cost of vendors' surfaces: requests beside the run without one, and lists of 1,000 actions."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from evaluation.bench.catalogue import make_catalogue
from pgagents.catalogue.load import load_text
from pgagents.catalogue.model.model import Model
from pgagents.report.report import Footer
from pgagents.sandbox.sandbox import open_sandbox
from pgagents.verify.plan.options import Identities, Options
from pgagents.verify.run.run import contracts, plan, verify

CATALOGUE = Path("catalogue/park_graph.yaml")
VENDORS = ("gemini", "xai", "perplexity", "anthropic", "openai_tools")
MANY = 1_000


@dataclass(frozen=True, slots=True)
class Added:
    """The cost of one vendor beside the same run without it."""

    vendor: str
    requests: int
    before: int
    contracts: int

    @property
    def share(self) -> float:
        """Requests added, of those before."""
        return self.requests / self.before


@dataclass(frozen=True, slots=True)
class Listed:
    """Processor seconds for the lists of many actions."""

    count: int
    contracts_s: float
    plan_s: float


def measure_vendors() -> Iterator[Added]:
    """Verify Park Graph with and without each vendor's surface, and yield what the surface adds."""
    text = CATALOGUE.read_text(encoding="utf-8")
    whole = _run(load_text(text, str(CATALOGUE)))
    for vendor in VENDORS:
        rest = _run(load_text(re.sub(rf"^  {vendor}: {{.*\n", "", text, flags=re.M), str(CATALOGUE)))
        more = sum(whole.by_verdict.values()) - sum(rest.by_verdict.values())
        yield Added(vendor, whole.requests - rest.requests, rest.requests, more)


def measure_lists() -> Listed:
    """Measure the list of all contracts of a generated catalogue, and the plan of a standard run."""
    model = load_text(make_catalogue(MANY), "many.yaml")
    begun = time.process_time()
    count = len(contracts(model))
    between = time.process_time()
    plan(model, Options(), Identities({}))
    return Listed(count, between - begun, time.process_time() - between)


def _run(model: Model) -> Footer:
    """A standard run in process, its time standing still."""
    now = [1_776_000_000.0]
    sandbox = open_sandbox(model, time_source=lambda: now[0], rng=random.Random(0), seed=1)
    keys = {role: key for role, key in sandbox.tokens.items() if role in model.auth.roles}
    keys["main"] = sandbox.tokens["unlimited"]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    return verify(
        model,
        sandbox.handler,
        Identities(keys),
        Options(live=False),
        clock=sandbox.front.clock.now,
        sleep=sleep,
        wall=lambda: "2026-01-01T00:00:00Z",
        url="http://127.0.0.1",
        timer=time.perf_counter,
    ).footer
