"""What differs between two equal calls of REST is not a difference between REST and a dispatcher."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest

import test_evidence_of_probes
from pgagents.base.http import Response
from pgagents.report.contract import Verdict
from pgagents.verify.checks.rest import surface_equivalence
from pgagents.verify.wire.call import Call
from test_evidence_of_probes import setting_for, try_case
from test_own_probes import answer, exchange_of
from verifying import model


@pytest.fixture(autouse=True)
def fitting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each answer satisfies its schema."""

    def fit(*given: Any) -> Any:
        exchange = exchange_of(*given)
        exchange.fits = True
        return exchange

    monkeypatch.setattr(test_evidence_of_probes, "exchange_of", fit)


@pytest.mark.parametrize("action", ["search_parking", "create_session", "end_session"])
@pytest.mark.parametrize(("moves", "verdict"), [(True, Verdict.UNTESTED), (False, Verdict.BROKEN)])
def test_a_number_that_each_answer_has_anew_accuses_no_surface(
    action: str, moves: bool, verdict: Verdict
) -> None:
    """As `took` of Elasticsearch does."""
    took = count()

    def serve(call: Call) -> Response:
        on_rest = call.endpoint is not None and call.endpoint.on_rest
        return answer(200, {"took": next(took) if moves else int(on_rest)})

    contract = f"surface_equivalence/ordinary/{action}@dispatcher"
    judged, _ = try_case(surface_equivalence.CHECK, setting_for(model()), contract, serve, {"id": "ses_1"})
    assert judged[contract].verdict is verdict
