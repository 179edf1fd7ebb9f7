"""An answer that a cache stored repeats the headers of an earlier one, and is not a finding for that."""

from __future__ import annotations

import pytest

from pgagents.base.http import Request, Response
from pgagents.report.contract import Verdict
from small_api import NOTES, Notes, catalogue, verified

NUMBERED = NOTES.replace("message_at: detail", "message_at: detail\n  request_id_at: request_id").replace(
    "properties: {detail: {type: string}}",
    "properties: {detail: {type: string}, request_id: {type: string}}",
)
HEADERS = "headers: {X-Request-Id: {description: The id of the call, on: all, schema: {type: string}}}\n"


@pytest.mark.parametrize(("age", "verdict"), [("7", Verdict.KEPT), (None, Verdict.BROKEN)])
def test_a_stored_answer_may_have_the_id_of_the_first(age: str | None, verdict: Verdict) -> None:
    given = 0

    def numbered(request: Request) -> Response:
        nonlocal given
        given += 1
        answered = notes(request)
        listed = request.method == "GET" and answered.status == 200 and request.path == "/notes"
        id = "req_list" if listed and asked else f"req_{given}"
        stored = age if listed and asked else None
        asked.extend([True] * listed)
        return answered.with_header("X-Request-Id", id).with_header("Age", stored)

    notes = Notes()
    asked: list[bool] = []
    report = verified(catalogue(NUMBERED + HEADERS), numbered, only=("request_id/", "valid_calls/"))
    verdicts = {r.verdict for r in report.results if r.contract.check == "request_id"}
    assert (
        Verdict.BROKEN if Verdict.BROKEN in verdicts else next(iter(verdicts & {Verdict.KEPT}))
    ) is verdict
    assert len(asked) > 2
