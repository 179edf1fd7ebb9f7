"""What is judged while the server works on the next call is judged as if it had been judged at once."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pgagents.cli._inside import inside, over_tls, verified
from pgagents.report.report import Report
from pgagents.verify.options import Options
from pgagents.wire import Handler, Request, Response, Silence
from verifying import model


class Noting:
    """The sandbox, writing down what it is asked."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self.sent: list[Request] = []

    def __call__(self, request: Request) -> Response | Silence:
        self.sent.append(request)
        return self._handler(request)


class Waiting(Noting):
    """A handler over a socket has time when a request is on its way; this one has it before it calls the sandbox."""

    def __init__(self, handler: Handler) -> None:
        super().__init__(handler)
        self.meanwhile: Callable[[], None] | None = None
        self.judged = 0
        """How many exchanges were judged while the next call was on its way."""

    def __call__(self, request: Request) -> Response | Silence:
        if self.meanwhile is not None:
            self.judged += self.meanwhile.__self__.judge._pending is not None  # type: ignore[attr-defined]  # the driver's method
            self.meanwhile()
        return super().__call__(request)


def told(report: Report) -> tuple[object, ...]:
    """All that a report says but for the times it took."""
    findings = [(f.contract.id, f.expected, f.actual, f.stable, f.also, [e.number for e in f.exchanges]) for f in report.findings]
    results = [(r.contract.id, r.verdict, r.reason) for r in report.results]
    footer = report.footer
    return findings, results, footer.requests, footer.served, footer.left_behind, footer.notes, footer.complete


@pytest.mark.parametrize("fault", ["", "money-rounded-down", "dispatcher-unvalidated", "wrong-code", "schema-wrong-type"])
def test_judging_while_the_server_works_changes_nothing(fault: str) -> None:
    reports, handlers = [], []
    for kind in (Noting, Waiting):
        opened = inside(model(), faults=[fault] if fault else [])
        handlers.append(kind(over_tls(opened.sandbox.handler)))
        reports.append(told(verified(model(), opened, Options(max_requests=450), handler=handlers[-1])))
    assert handlers[1].judged > 250
    assert handlers[0].sent == handlers[1].sent
    assert reports[0] == reports[1]
    assert bool(reports[0][0]) == bool(fault)
