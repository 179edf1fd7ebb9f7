"""What is judged while the server works on the next call is judged as if it had been judged at once."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

import pytest

from pgagents.cli._inside import inside, over_tls, verified
from pgagents.report.report import Report
from pgagents.verify.check import DECISIVE, USUAL, collect, eager
from pgagents.verify.memory import Memory, setting_of
from pgagents.verify.options import Options
from pgagents.verify.seen import AT_ONCE
from pgagents.wire import Handler, Request, Response, Silence
from verifying import URL, model


class Noting:
    """The sandbox, writing down what it is asked."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self.sent: list[Request] = []

    def __call__(self, request: Request) -> Response | Silence:
        self.sent.append(request)
        return self._handler(request)


class Waiting(Noting):
    """A handler over a socket has time when a request is on its way; this one has it before it calls the sandbox, and at each call as long
    as one that answers after so many pieces of judging."""

    def __init__(self, handler: Handler, pieces: Callable[[], float]) -> None:
        super().__init__(handler)
        self.meanwhile: Callable[[Callable[[], bool]], None] | None = None
        self._pieces = pieces
        self.judged = 0
        """How many pieces were judged while a call was on its way."""

    def __call__(self, request: Request) -> Response | Silence:
        if self.meanwhile is not None:
            left = self._pieces()

            def answered() -> bool:
                nonlocal left
                left -= 1
                self.judged += 1
                return left <= 0

            self.meanwhile(answered)
        return super().__call__(request)


def told(report: Report) -> tuple[object, ...]:
    """All that a report says but for the times it took."""
    findings = [(f.contract.id, f.expected, f.actual, f.stable, f.also, [e.number for e in f.exchanges]) for f in report.findings]
    results = [(r.contract.id, r.verdict, r.reason) for r in report.results]
    footer = report.footer
    return findings, results, footer.requests, footer.served, footer.left_behind, footer.notes, footer.complete


@pytest.mark.parametrize("fault", ["", "money-rounded-down", "dispatcher-unvalidated", "wrong-code", "schema-wrong-type"])
def test_judging_while_the_server_works_changes_nothing(fault: str) -> None:
    """Whether the server takes long for each answer, is very quick, or is now the one and now the other."""
    chance = random.Random(fault)
    patient = {"long": lambda: math.inf, "quick": lambda: 3, "either": lambda: chance.choice([1, 2, 20, 200])}
    reports, sent = [], []
    for pieces in (None, *patient.values()):
        opened = inside(model(), faults=[fault] if fault else [])
        server = over_tls(opened.sandbox.handler)
        handler = Noting(server) if pieces is None else Waiting(server, pieces)
        reports.append(told(verified(model(), opened, Options(max_requests=450 if fault else None), handler=handler)))
        sent.append(handler.sent)
        assert not isinstance(handler, Waiting) or handler.judged > 1_000
    assert all(one == sent[0] for one in sent)
    assert all(one == reports[0] for one in reports)
    assert bool(reports[0][0]) == bool(fault)


def test_what_judges_at_once_is_what_may_be_asked_at_once() -> None:
    watchers = {name: check for name, check in collect().items() if hasattr(check, "watch")}
    assert {name for name, check in watchers.items() if getattr(check, "RANK", USUAL) in DECISIVE} == AT_ONCE
    assert {name for name, check in watchers.items() if eager(check)}


def test_memory_tells_what_was_known_before_an_exchange_that_is_judged_late() -> None:
    memory, key = Memory(setting_of(model(), URL)), ("session", "sess_1")
    memory.learn(key, {"a": 1}, 5)
    memory.learn(("session", "sess_2"), {"a": 9}, 6)
    memory.learn(key, {"a": 2}, 7)
    assert [memory.before(key, number) for number in (5, 6, 7, 8)] == [None, {"a": 1}, {"a": 1}, {"a": 2}]
    memory.judged(7)
    assert memory.before(key, 7) == {"a": 1}
    memory.judged(math.inf)
    assert memory.before(key, 7) == {"a": 2}, "nobody asks any more, so nothing is kept"
