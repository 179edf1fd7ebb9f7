"""What time changes may differ between two answers where nobody wrote: nothing of a slow server is wrong."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from inprocess import inside, over_tls, verify_sandbox
from lengths import rarely
from pgagents.base.http import Request, Response
from pgagents.catalogue.model.model import Model
from pgagents.verify.plan.options import Options
from verifying import list_writes, model

CATALOGUES = Path(__file__).parents[1] / "catalogues"
_MADE = re.compile(rb'("created_at": ?")\d{4}')
MOST_S, STEPS = 30.0, 8
IN_SECONDS = ("agent_response_limits/seconds/", "response_schema/200/follow_changes")
"""Contracts that promise how soon something is answered."""


def list_wrong(of: Model, seed: str, change: bytes = b"", **given: Any) -> dict[str, str]:
    """Return the findings of a run whose answers are late, but those about seconds. `change` is the year of
    what was made in all answers.
    """
    opened = inside(of)
    handler = over_tls(opened.sandbox.handler)
    lateness, early = Random(seed), Random(f"{seed} early")

    def wait(seconds: float) -> None:
        for _ in range(STEPS):  # events come meanwhile
            opened.now[0] += seconds / STEPS
            opened.sandbox.courier.round()

    def answer_late(request: Request) -> Response:
        late_s = lateness.uniform(0.0, MOST_S)
        before_s = late_s * early.random()  # the rest is on the way back
        wait(before_s)
        answer = handler(request)
        wait(late_s - before_s)
        return replace(answer, body=_MADE.sub(rb"\g<1>" + change, answer.body)) if change else answer

    options = Options(allow_writes=True, exclusive=True, max_requests=20_000, **given)
    report = verify_sandbox(of, opened, options, handler=answer_late)
    return {f.contract.id: f.actual for f in report.findings if not f.contract.id.startswith(IN_SECONDS)}


@pytest.mark.parametrize("name", rarely(("documents", "library", "payments", "tickets"), "tickets"))
def test_nothing_of_a_slow_server_is_wrong(name: str) -> None:
    of = model(CATALOGUES / f"{name}.yaml")
    assert list_wrong(of, name, allow=list_writes(of)) == {}


def test_a_reset_may_be_told_late_and_a_hold_end_meanwhile() -> None:
    only = ("rate_limit_headers/reset", "idempotency/", "honours_manifest/accepts/release_hold")
    assert list_wrong(model(), "1", only=only) == {}


def test_a_time_of_last_year_is_wrong_however_slow_a_server_is() -> None:
    of, law = model(CATALOGUES / "tickets.yaml"), "law/now/place_order@rest"
    assert list(list_wrong(of, "1", b"2025", allow=list_writes(of), only=(law,))) == [law]
