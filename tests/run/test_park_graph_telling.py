"""Park Graph's sandbox tells of changes that a read did not make, or tells of reads in legal ways."""

from __future__ import annotations

import json
from typing import Any

import pytest

from inprocess import inside
from pgagents.base.http import Request, Response
from pgagents.report.contract import Verdict
from verifying import checks, model, run

READ = "hint_read_only/get_session@rest"


@pytest.mark.matrix
@pytest.mark.parametrize("name", ["read-announces-extension", "read-recorded-as-extension"])
def test_read_that_tells_of_a_change_breaks_its_hint(name: str) -> None:
    report = run(model(), faults=[name], only=("hint_",))
    assert checks(report, Verdict.BROKEN) == {"hint_read_only"}
    assert {f.contract.id for f in report.findings} == {READ}


@pytest.mark.parametrize("name", ["read-delivers-again", "read-recorded-as-read"])
def test_read_that_is_told_of_in_a_legal_way_keeps_its_hint(name: str) -> None:
    report = run(model(), variations=[name], only=("hint_",))
    assert report.findings == ()
    assert READ in {r.contract.id for r in report.results if r.verdict is Verdict.KEPT}


@pytest.mark.parametrize(("variations", "count"), [((), 1), (("read-delivers-again",), 2)])
def test_event_is_delivered_again_with_its_own_id(variations: tuple[str, ...], count: int) -> None:
    opened = inside(model(), variations=variations)

    def call(method: str, path: str, body: dict[str, object] | None = None) -> Any:
        headers = (("Authorization", f"Bearer {opened.keys['main']}"), ("Content-Type", "application/json"))
        raw = json.dumps(body).encode() if body is not None else b""
        answer = opened.sandbox.handler(Request(method, f"/api/v1{path}", headers, raw))
        assert isinstance(answer, Response)
        assert answer.status < 300, answer.body
        return json.loads(answer.body)

    call("POST", "/webhooks", {"url": "https://8.8.8.8/in", "events": ["session.created"]})
    made = call("POST", "/sessions", {"lot_id": "lot_lionshead", "plate": "CO-7891"})
    call("GET", f"/sessions/{made['session']['id']}")
    (due,) = opened.sandbox.courier.outbox.due().values()
    assert len(due) == count
    assert len({one.event_id for one in due}) == 1
