"""A failure that a check provokes meets that check's own call, and nobody else's."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from inprocess import inside, verify_sandbox
from pgagents.base.http import Handler, Request, Response, Silence, json_bytes
from pgagents.catalogue.load import load_text
from pgagents.report.contract import Verdict
from pgagents.verify.checks.idempotency import failure_atomicity
from pgagents.verify.plan.options import Options
from verifying import keys_of, list_writes, model, run, sandbox

PROVOKED, CREATED = "/sandbox/v1/payments/next", "/api/v1/sessions"
CREATE = {
    f"{failure_atomicity.CHECK.name}/{detail}/BAD_GATEWAY/create_session@rest"
    for detail in ("told", "nothing", "again")
}


class Refusing:
    """A server that refuses so many calls which make a session for something else, right after a failure
    was provoked for the next.
    """

    def __init__(self, handler: Handler, times: int) -> None:
        self._handler, self._times, self._left = handler, times, 0
        self.refused = 0

    def __call__(self, request: Request) -> Response | Silence:
        if request.target == PROVOKED:
            self._left = self._times
        if (request.method, request.target) != ("POST", CREATED) or not self._left:
            return self._handler(request)
        self._left -= 1
        self.refused += 1
        answer = self._handler(
            replace(request, body=json_bytes({"lot_id": "lot_there_is_none", "plate": "PGV1", "hours": 1}))
        )
        assert isinstance(answer, Response)
        assert answer.status == 404
        return replace(
            answer.with_json(json.loads(answer.body.replace(b"NOT_FOUND", b"CONFLICT"))), status=409
        )


TIMES = [1, failure_atomicity.MOST_TRIES, 50]


@pytest.mark.matrix
@pytest.mark.parametrize("times", TIMES)
def test_a_provoked_failure_is_spent_where_the_call_was_refused_for_something_else(times):
    opened, _ = sandbox(model())
    server = Refusing(opened.handler, times)
    report = run(model(), handler=server, keys=keys_of(opened))
    found = {r.contract.id: r for r in report.results if r.contract.id in CREATE}
    spent = times <= failure_atomicity.MOST_TRIES
    assert server.refused >= min(times, failure_atomicity.MOST_TRIES)
    assert {r.verdict for r in found.values()} == {Verdict.UNTESTED}
    assert all("refused because of the current state: 409 CONFLICT" in r.reason for r in found.values())
    assert all(
        ("BAD_GATEWAY may still meet another create_session" in r.reason) != spent for r in found.values()
    )
    assert not spent or report.findings == ()


TICKETS = Path(__file__).parents[1] / "catalogues" / "tickets.yaml"


def test_a_provoked_503_is_not_tried_as_the_call_would_be_sent_again() -> None:
    text = TICKETS.read_text(encoding="utf-8").replace("status: 502", "status: 503")
    of = load_text(text, "tickets.yaml")
    options = Options(only=(failure_atomicity.CHECK.name,), allow_writes=True, exclusive=True)
    report = verify_sandbox(of, inside(of), replace(options, allow=list_writes(of)))
    found = [r for r in report.results if r.contract.check == failure_atomicity.CHECK.name]
    assert {r.verdict for r in found} == {Verdict.NOT_APPLICABLE}
