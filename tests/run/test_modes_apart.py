"""A list with a live key only proves something if the list with the test key shows the instance."""

from __future__ import annotations

import pytest

from pgagents.base.http import Request, Response
from pgagents.report.contract import Verdict
from small_api import KEY, NOTES, Notes, answer, verified, with_resource

LIVE = "live_key_1"
ROLES = "{main: {description: Test, mode: test}, live: {description: Live, project: live, mode: live}}"


@pytest.mark.parametrize(
    ("shown", "verdict"),
    [("own", Verdict.KEPT), ("nobody", Verdict.UNTESTED), ("all", Verdict.BROKEN)],
)
def test_a_list_that_shows_nothing_to_anybody_proves_nothing(shown: str, verdict: Verdict) -> None:
    def serve(notes: Notes, request: Request) -> Response | None:
        live = request.header("Authorization") == f"Bearer {LIVE}"
        if (live or shown == "nobody") and (request.method, request.path) == ("GET", "/notes"):
            return answer(200, {"notes": list(notes.notes.values()) if shown == "all" else []})
        return answer(404, {"detail": "no such note"}) if live else None

    text = NOTES.replace(
        "prefixes: {test_: test}}}}", f"prefixes: {{test_: test, live_: live}}}}}}, roles: {ROLES}}}"
    )
    model = with_resource(
        ("    made_by: {action: create_note", "    tenant: true\n    made_by: {action: create_note"),
        text=text,
    )
    keys = {"main": KEY, "live": LIVE}
    report = verified(model, Notes(before=serve), keys=keys, allow_writes=True, only=("mode_isolation",))
    verdicts = {r.contract.id: r.verdict for r in report.results}
    assert verdicts["mode_isolation/listed/note/list_notes@rest"] is verdict
