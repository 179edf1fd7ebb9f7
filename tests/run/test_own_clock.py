"""What the run's own clock ends is no finding: nothing is compared across a wait, and what ends by itself is
not left to end.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from inprocess import inside, over_tls
from pgagents.base.http import Request, Response, read_json
from pgagents.base.places import Pointer
from pgagents.catalogue.model.resource import TimedMove
from pgagents.report.contract import Verdict
from pgagents.verify.checks.rest.capacity import cases
from pgagents.verify.plan.options import Options
from pgagents.verify.setting import Setting, compile_catalogue
from pgagents.verify.wire.endpoint import OPERATOR
from verifying import ROOT, model, noted_run

TICKETS = ROOT / "tests" / "catalogues" / "tickets.yaml"
FIGURES = "project_isolation/figures/list_orders@rest"
AT: Pointer = ("resources", "order", "moves_by_time", 0)


def test_a_figure_that_time_changes_is_not_another_projects() -> None:
    """Orders leave the list an hour after they were made, and the run moves the clock by more than that."""
    of = model(TICKETS)
    opened = inside(of)
    serve, clock = over_tls(opened.sandbox.handler), opened.sandbox.front.clock
    begun, listed = clock.now(), next(str(a.path) for a in of.actions if a.name == "list_orders")
    hidden = []

    def forgetting(request: Request) -> Any:
        answer = serve(request)
        late = clock.now() - begun > 3_600.0 and request.method == "GET" and request.path == listed
        if not late or not isinstance(answer, Response) or answer.status != 200:
            return answer
        hidden.append(request)
        return answer.with_json({**read_json(answer.body).value, "orders": []})

    report, _ = noted_run(of, opened, Options(only=(FIGURES,), allow_writes=True), forgetting)
    assert hidden
    assert {r.contract.id: r.verdict for r in report.results}[FIGURES] is Verdict.KEPT


@pytest.mark.parametrize("ends_itself", [False, True])
def test_an_instance_that_ends_by_itself_is_not_ended_a_day_later(ends_itself: bool) -> None:
    of = model(TICKETS)
    order = of.resources["order"]
    timed = (TimedMove("paid", "refunded", "created_at", AT),) if ends_itself else ()
    changed = replace(of, resources={**of.resources, "order": replace(order, moves_by_time=timed)})
    found = [
        case
        for case in cases(Setting(compile_catalogue(changed, "https://t.example")), frozenset((OPERATOR,)))
        if case.detail == "taken/order"
    ]
    attempts = {case.attempt for case in found}
    assert attempts
    assert {attempt.overlap for attempt in attempts if attempt} == {None if ends_itself else "none"}
