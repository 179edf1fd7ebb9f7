"""Measure a verification with several workers beside one with one, at a server that takes 50 ms to answer."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from evaluation.bench.served import CATALOGUE, run_sandbox
from pgagents.catalogue.load import load_file
from pgagents.catalogue.model.model import Model
from pgagents.report.report import Report
from pgagents.verify.plan.options import Identities, Options
from pgagents.verify.plan.selection import may_write
from pgagents.verify.run.run import verify
from pgagents.verify.wire.send import Client

DELAY_S = 0.05
WORKERS = 8


@dataclass(frozen=True, slots=True)
class Pair:
    """Seconds with one worker and with several; requests, and how many of the latter ran alone.

    `equal` is True if both runs gave the same verdicts and findings.
    """

    name: str
    one_s: float
    several_s: float
    requests: tuple[int, int]
    alone: Mapping[str, int]
    equal: bool

    @property
    def ratio(self) -> float:
        """Seconds with several workers for each with one."""
        return self.several_s / self.one_s


def measure_workers(seed: int = 0) -> Iterator[Pair]:
    """Verify the sandbox of Park Graph, with leave to write and without, with one worker and with eight."""
    for name, writes in (("standard", True), ("read-only", False)):
        reports: dict[int, Report] = {}
        for workers in (1, WORKERS):
            reports[workers] = _verify(workers, seed, writes=writes)
        one, several = reports[1], reports[WORKERS]
        requests = one.footer.requests, several.footer.requests
        equal = _outcome(one) == _outcome(several)
        yield Pair(name, one.footer.seconds, several.footer.seconds, requests, several.footer.alone, equal)


def _verify(workers: int, seed: int, *, writes: bool) -> Report:
    model = load_file(CATALOGUE) if writes else _without_test_keys()
    options = Options(seed=seed, workers=workers)
    with tempfile.TemporaryDirectory() as name, run_sandbox(Path(name), delay_s=DELAY_S) as served:
        url, key = str(served.facts["url"]), str(served.facts["keys"]["unlimited"])
        identities = Identities({"main": key})
        if may_write(model, identities, options) != writes:
            raise SystemExit("the key's prefix does not decide any more if the run may write")
        with Client(url, workers=workers) as handler:
            return verify(
                model,
                handler,
                identities,
                options,
                clock=time.time,
                sleep=time.sleep,
                wall=lambda: "2026-01-01T00:00:00Z",
                url=url,
                timer=time.perf_counter,
            )


def _without_test_keys() -> Model:
    """Return the catalogue with every key as one for real data, so that a run changes nothing."""
    model = load_file(CATALOGUE)
    live = {n: replace(c, prefixes={"pk_": "live"}) for n, c in model.credentials.items()}
    return replace(model, credential=next(iter(live.values())), credentials=live)


def _outcome(report: Report) -> tuple[frozenset[tuple[str, str]], frozenset[tuple[str, str]]]:
    """Return the verdict on each contract, and what each finding expected."""
    url = report.header.url  # each run has a proxy of its own
    verdicts = frozenset((r.contract.id, r.verdict.value) for r in report.results)
    return verdicts, frozenset((f.contract.id, f.expected.replace(url, "")) for f in report.findings)
