"""A limit, a 503 or a call that was never sent is the reason of what it leaves untested."""

from __future__ import annotations

import pytest

from pgagents.base.http import Request, Response
from pgagents.report.contract import Verdict
from pgagents.report.report import Report
from pgagents.verify.plan.selection import NO_WRITES
from small_api import Notes, answer, verified, with_resource
from test_limits_of_operations import NAMES, Orchard, run


def list_reasons(report: Report, action: str) -> set[str]:
    """Return the reasons of an action's untested contracts."""
    return {r.reason for r in report.results if r.contract.action == action and r.verdict is Verdict.UNTESTED}


def test_a_wait_of_56_years_is_the_reason_of_all_that_it_leaves_untested() -> None:
    server = Orchard(NAMES, lambda left: str(1_795_000_000 + int(left)))
    report = run(server)
    without_writes = {r.contract.id for r in report.results if r.reason == NO_WRITES}
    assert without_writes == {"framework/unknown_method@rest"}
    for name in NAMES:
        reasons = list_reasons(report, name)
        assert reasons, name
        assert all(f"{name} answered 429 and asked for a wait of 1,795,000,0" in text for text in reasons)
        assert all("--max-wait allows 60" in text for text in reasons)
    assert report.exit_code == 3 or report.findings


@pytest.mark.parametrize("retry_after", ["3600", "-1", "soon", "9" * 40])
def test_any_wait_has_one_verdict_and_no_internal_error(retry_after: str) -> None:
    report = run(Orchard(("apples",), lambda _: retry_after))
    assert not any("internal error" in r.reason for r in report.results)
    assert {r.contract.id for r in report.results if r.reason == NO_WRITES} == {
        "framework/unknown_method@rest"
    }


def test_a_server_that_is_unavailable_is_said_to_be() -> None:
    def down(_: Notes, request: Request) -> Response | None:
        gone = request.path == "/notes" and request.method == "GET"
        return Response(503, (("Retry-After", "86400"),)) if gone else None

    report = verified(with_resource(), Notes(before=down))
    reasons = list_reasons(report, "list_notes")
    assert "list_notes answered 503 and asked for a wait of 86,400 s, and --max-wait allows 60" in reasons
    assert not [text for text in reasons if "never answered" in text or "no request" in text]


def test_a_limit_that_is_not_documented_is_named_though_it_is_waited_for() -> None:
    asked = [0]

    def limit(_: Notes, request: Request) -> Response | None:
        asked[0] += request.path == "/notes" and request.method == "GET"
        return answer(429, {"detail": "slow down"}, **{"Retry-After": "0"}) if asked[0] == 1 else None

    report = verified(with_resource(), Notes(odd=limit))
    assert "list_notes answered 429, which is not documented, and was called again" in report.footer.notes


def test_an_action_that_was_never_called_has_the_reason_of_its_right_call() -> None:
    def full(_: Notes, request: Request) -> Response | None:
        return answer(422, {"detail": "full"}) if request.method == "POST" else None

    report = verified(with_resource(), Notes(odd=full))
    for action in ("get_note", "delete_note"):
        reasons = list_reasons(report, action)
        assert reasons
        assert not [text for text in reasons if "never answered" in text], action
    assert "create_note never answered a 2xx" in list_reasons(report, "create_note")
