"""A law that reads only what is sent proves nothing until a call that it forbids is refused, or done."""

from __future__ import annotations

from typing import Any

import pytest

from pgagents.base.http import Request, Response
from pgagents.report.contract import Verdict
from pgagents.verify.checks.rest import law
from pgagents.verify.checks.rest.law import ONLY_SENT
from pgagents.verify.setting import Memory, setting_of
from pgagents.verify.wire.call import Call
from small_api import URL, Notes, answer, verified, with_resource
from test_own_probes import exchange_of

LONG = "size(input.text) <= 39.0"


def refuse_long(_server: Notes, request: Request) -> Response | None:
    """Return the answer of a server that takes at most 39 characters, as the law says."""
    text = Notes.text(request) if request.method == "POST" else None
    long = isinstance(text, str) and len(text) > 39
    return answer(422, {"detail": "too long"}) if long else None


@pytest.mark.parametrize(
    ("that", "rule", "verdict"),
    [
        ("size(input.text) >= 1.0", None, Verdict.UNTESTED),
        (LONG, None, Verdict.BROKEN),
        (LONG, refuse_long, Verdict.KEPT),
        ("response.text == input.text", None, Verdict.KEPT),
    ],
)
def test_a_law_of_what_is_sent_needs_a_call_that_it_forbids(that: str, rule: Any, verdict: Verdict) -> None:
    model = with_resource(("    http: POST /notes\n", f"    http: POST /notes\n    laws: {{x: '{that}'}}\n"))
    report = verified(model, Notes(odd=rule) if rule else Notes(), only=("law", "valid_calls"))
    [found] = [r for r in report.results if r.contract.id == "law/x/create_note@rest"]
    assert found.verdict is verdict
    if verdict is Verdict.UNTESTED:
        assert (found.reason, found.excused) == (ONLY_SENT, True)


@pytest.mark.parametrize(
    ("authored", "text", "told"),
    [(True, "LOUD", [Verdict.KEPT]), (True, "low", []), (False, "LOUD", [])],
)
def test_a_step_of_a_workflow_that_is_refused_proves_such_a_law(
    authored: bool, text: str, told: list[Verdict]
) -> None:
    """Two catalogues of 2026-11-29, of a veterinary practice and a rental, had the step that we named."""
    laws = "    laws: {quiet: 'input.text != \"LOUD\"'}\n"
    model = with_resource(("    http: POST /notes\n", f"    http: POST /notes\n{laws}"))
    memory = Memory(setting_of(model, URL))
    endpoint = memory.setting.by_place["create_note@rest"]
    call = Call(endpoint, {"text": text}, "illegal", "a step", authored=authored)
    exchange = exchange_of(model, call, answer(422, {"detail": "no"}))
    assert [judged.verdict for judged in law.watch(exchange, memory)] == told
