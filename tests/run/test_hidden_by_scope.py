"""A server may hide from a key without a scope what the key may not see, as GitHub does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pgagents.base.http import Request, Response
from pgagents.report.contract import Verdict
from small_api import KEY, NOTES, Notes, answer, verified, with_resource

LESSER = "test_key_2"
PLANS = (
    ("prefixes: {test_: test}}}}", "prefixes: {test_: test}}}, scopes: SCOPES, roles: ROLES}"),
    ("    NOT_FOUND: {status", "    SHUT: {status: 403, meaning: A scope lacks}\n    NOT_FOUND: {status"),
    ("no_key: UNAUTHORIZED}", "no_key: UNAUTHORIZED, no_scope: SHUT}"),
    ("    http: GET /notes/{note_id}\n", "    http: GET /notes/{note_id}\n    scope: notes\n"),
    (
        "    errors: [NOT_FOUND, REFUSED]\n  change_note",
        "    errors: [NOT_FOUND, REFUSED, SHUT]\n  change_note",
    ),
)
SCOPES = "{notes: To read notes}, plans: {full: [notes], lesser: []}"
ROLES = "{main: {description: All, plan: full}, lesser: {description: Less, plan: lesser}}"


@pytest.mark.parametrize(
    ("status", "verdict"), [(403, Verdict.KEPT), (404, Verdict.UNTESTED), (200, Verdict.BROKEN)]
)
def test_what_a_lesser_key_may_not_see(status: int, verdict: Verdict) -> None:
    def shut(notes: Notes, request: Request) -> Response | None:
        if request.header("Authorization") != f"Bearer {LESSER}":
            return None
        as_main = replace(request, headers=(("Authorization", f"Bearer {KEY}"),))
        return notes.plainly(as_main) if status == 200 else answer(status, {"detail": "not for you"})

    text = NOTES
    for old, new in PLANS:
        assert text.count(old) == 1, old
        text = text.replace(old, new.replace("SCOPES", SCOPES).replace("ROLES", ROLES))
    report = verified(
        with_resource(text=text), Notes(before=shut), keys={"main": KEY, "lesser": LESSER},
        allow_writes=True, only=("plan_scopes",),
    )  # fmt: skip
    verdicts = {r.contract.id: r.verdict for r in report.results}
    assert verdicts["plan_scopes/notes/get_note@rest"] is verdict
