"""What the run's own clock ends is no finding: nothing is compared across a wait."""

from __future__ import annotations

from typing import Any

from inprocess import inside, over_tls
from pgagents.base.http import Request, Response, read_json
from pgagents.report.contract import Verdict
from pgagents.verify.plan.options import Options
from verifying import ROOT, model, noted_run

TICKETS = ROOT / "tests" / "catalogues" / "tickets.yaml"
FIGURES = "project_isolation/figures/list_orders@rest"


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
