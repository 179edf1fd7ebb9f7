"""A run has one outcome, however long the server takes: judging an answer later changes no verdict."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from lengths import rarely
from pgagents.http import Handler, Request, Response, Silence
from pgagents.inprocess import inside, over_tls, verify_sandbox
from pgagents.report.report import Report
from pgagents.verify.check.check import DECISIVE, collect
from pgagents.verify.plan.options import Options
from pgagents.verify.wire.exchange import JUDGED_AT_ONCE
from verifying import PARK_GRAPH, SHOP, model


class Noting:
    """The sandbox, writing down what it is sent."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self.sent: list[Request] = []

    def __call__(self, request: Request) -> Response | Silence:
        self.sent.append(request)
        return self._handler(request)


class Waiting(Noting):
    """A sandbox that answers each request after so many pieces of judging, as a slow server would."""

    def __init__(self, handler: Handler, pieces: Callable[[], float]) -> None:
        super().__init__(handler)
        self.while_waiting: Callable[[Callable[[], bool]], None] | None = None
        self._pieces = pieces
        self.judged = 0
        """The number of pieces that were judged while a request was on its way."""

    def __call__(self, request: Request) -> Response | Silence:
        if self.while_waiting is not None:
            left = self._pieces()

            def is_answered() -> bool:
                nonlocal left
                left -= 1
                self.judged += 1
                return left <= 0

            self.while_waiting(is_answered)
        return super().__call__(request)


def describe(report: Report) -> tuple[object, ...]:
    """All that a report says but for the times it took."""
    findings = [
        (f.contract.id, f.expected, f.actual, f.stable, f.also, [e.number for e in f.exchanges])
        for f in report.findings
    ]
    results = [(r.contract.id, r.verdict, r.reason) for r in report.results]
    footer = report.footer
    return (
        findings,
        results,
        footer.requests,
        footer.served,
        footer.left_behind,
        footer.notes,
        footer.complete,
    )


FAULTS = ("money-rounded-down", "dispatcher-unvalidated", "wrong-code", "schema-wrong-type")


OF_SHOP = (SHOP, "wrong-code")
LEAST = {PARK_GRAPH: 1_000, SHOP: 500}
"""More pieces than these are judged while requests are on their way."""


@pytest.mark.parametrize(
    ("path", "fault"), rarely([OF_SHOP, *((PARK_GRAPH, fault) for fault in ("", *FAULTS))], OF_SHOP)
)
def test_a_run_has_one_outcome_however_long_the_server_takes(path: Path, fault: str) -> None:
    """The server takes its time for each answer, is very quick, or is now the one and now the other."""
    chance = random.Random(fault)
    servers = {"long": lambda: math.inf, "quick": lambda: 3, "either": lambda: chance.choice([1, 2, 20, 200])}
    reports, sent = [], []
    for pieces in (None, *servers.values()):
        opened = inside(model(path), faults=[fault] if fault else [])
        server = over_tls(opened.sandbox.handler)
        handler = Noting(server) if pieces is None else Waiting(server, pieces)
        options = Options(max_requests=450 if fault else None)
        reports.append(describe(verify_sandbox(model(path), opened, options, handler=handler)))
        sent.append(handler.sent)
        assert not isinstance(handler, Waiting) or handler.judged > LEAST[path]
    assert all(one == sent[0] for one in sent)
    assert all(one == reports[0] for one in reports)
    assert bool(reports[0][0]) == bool(fault)


def test_what_may_be_asked_at_once_is_judged_at_once() -> None:
    ranks = {name: check.rank for name, check in collect().items() if check.watch is not None}
    assert {name for name, rank in ranks.items() if 0 <= rank <= DECISIVE} == JUDGED_AT_ONCE
    assert max(ranks.values()) > DECISIVE
