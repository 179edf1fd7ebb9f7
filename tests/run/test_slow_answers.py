"""What time changes may differ between two answers where nobody wrote: nothing of a slow server is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from inprocess import inside, over_tls, verify_sandbox
from lengths import rarely
from pgagents.base.http import Request, Response
from pgagents.verify.plan.options import Options
from verifying import list_writes, model

CATALOGUES = Path(__file__).parents[1] / "catalogues"
SLOW_S = 8.0
IN_SECONDS = ("agent_response_limits/seconds/", "response_schema/200/follow_changes")
"""Contracts that promise how soon something is answered."""


@pytest.mark.parametrize("name", rarely(("documents", "library", "payments", "tickets"), "tickets"))
def test_nothing_of_a_slow_server_is_wrong(name: str) -> None:
    of = model(CATALOGUES / f"{name}.yaml")
    opened = inside(of)
    handler = over_tls(opened.sandbox.handler)

    def answer_late(request: Request) -> Response:
        opened.now[0] += SLOW_S
        opened.sandbox.courier.round()
        return handler(request)

    options = Options(allow_writes=True, exclusive=True, allow=list_writes(of), max_requests=20_000)
    report = verify_sandbox(of, opened, options, handler=answer_late)
    others = [f for f in report.findings if not f.contract.id.startswith(IN_SECONDS)]
    assert {f.contract.id: f.actual for f in others} == {}
