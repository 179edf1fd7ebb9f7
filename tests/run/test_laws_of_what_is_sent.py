"""A law that reads only what is sent proves nothing until a call that it forbids is refused, or done."""

from __future__ import annotations

from typing import Any

import pytest

from pgagents.base.http import Request, Response
from pgagents.report.contract import Verdict
from pgagents.verify.checks.rest.law import ONLY_SENT
from small_api import Notes, answer, verified, with_resource

LONG = "size(input.text) <= 39.0"


def refuse_long(_server: Notes, request: Request) -> Response | None:
    """Return the answer of a server that takes at most 39 characters, as the law says."""
    text = Notes.text(request) if request.method == "POST" else None
    long = isinstance(text, str) and len(text) > 39
    return answer(422, {"detail": "too long"}) if long else None


@pytest.mark.parametrize(
    ("law", "rule", "verdict"),
    [
        ("size(input.text) >= 1.0", None, Verdict.UNTESTED),
        (LONG, None, Verdict.BROKEN),
        (LONG, refuse_long, Verdict.KEPT),
        ("response.text == input.text", None, Verdict.KEPT),
    ],
)
def test_a_law_of_what_is_sent_needs_a_call_that_it_forbids(law: str, rule: Any, verdict: Verdict) -> None:
    model = with_resource(("    http: POST /notes\n", f"    http: POST /notes\n    laws: {{x: '{law}'}}\n"))
    report = verified(model, Notes(odd=rule) if rule else Notes(), only=("law", "valid_calls"))
    [found] = [r for r in report.results if r.contract.id == "law/x/create_note@rest"]
    assert found.verdict is verdict
    if verdict is Verdict.UNTESTED:
        assert (found.reason, found.excused) == (ONLY_SENT, True)
