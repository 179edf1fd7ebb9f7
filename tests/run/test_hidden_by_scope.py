"""A server may hide from a key without a scope what the key may not see, as GitHub does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pgagents.base.http import Request, Response
from pgagents.report.contract import Verdict
from pgagents.report.report import Report
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


FULL = "test_key_3"
APART = "{main: {description: Writes, plan: lesser}, reader: {description: Reads, PROJECTplan: full}}"


def _run(keys: dict[str, str], *, crashes: bool = False, project: str = "") -> Report:
    """Run against a server where the main key may not read a note, and the reader's key may."""

    def shut(notes: Notes, request: Request) -> Response | None:
        reads = request.method == "GET" and request.path.startswith("/notes/")
        if request.header("Authorization") == f"Bearer {FULL}":
            if crashes and reads:
                return answer(500, {"detail": "ended"})
            return notes.plainly(replace(request, headers=(("Authorization", f"Bearer {KEY}"),)))
        main = request.header("Authorization") == f"Bearer {KEY}"
        return answer(403, {"detail": "not for you"}) if main and reads else None

    text = NOTES
    for old, new in PLANS:
        text = text.replace(
            old, new.replace("SCOPES", SCOPES).replace("ROLES", APART).replace("PROJECT", project)
        )
    return verified(with_resource(text=text), Notes(before=shut), keys=keys, allow_writes=True)


def test_what_the_plan_of_main_lacks_is_called_with_the_key_of_a_role_that_has_it() -> None:
    report = _run({"main": KEY, "reader": FULL})
    assert [finding.contract.id for finding in report.findings] == []
    verdicts = {r.contract.id: r.verdict for r in report.results}
    assert verdicts["valid_calls/ordinary/get_note@rest"] is Verdict.KEPT
    assert verdicts["plan_scopes/notes/get_note@rest"] is Verdict.KEPT


def test_finding_names_the_key_that_was_sent() -> None:
    findings = _run({"main": KEY, "reader": FULL}, crashes=True).findings
    crash = next(f for f in findings if f.contract.check == "no_crashes")
    assert crash.exchanges[-1].role == "reader"


@pytest.mark.parametrize(("keys", "project"), [({}, ""), ({"reader": FULL}, "project: operators, ")])
def test_without_such_a_key_the_run_names_the_option_that_gives_it(
    keys: dict[str, str], project: str
) -> None:
    """In another project the same id may be another's note."""
    report = _run({"main": KEY, **keys}, project=project)
    assert [finding.contract.id for finding in report.findings] == []
    told = {r.contract.id: r.reason for r in report.results}
    role = "ROLE" if project else "reader"
    assert told["valid_calls/ordinary/get_note@rest"] == (
        f"the plan of main lacks the scope notes: --identity {role}=ENVVAR "
        "gives a key of its project that has it"
    )
