"""`verify --lost-answers`: writes that hosts repeat, with the effect of each repeat counted by reads."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from inprocess import inside, mcp_inside, over_tls, verify_sandbox
from loading import load_once
from pgagents.base.http import Handler, Request, Response, Silence
from pgagents.cli.main import main
from pgagents.report.contract import Repeat, Verdict
from pgagents.report.formats import html, markdown, text
from pgagents.report.formats.json import render as as_json
from pgagents.report.read import read
from pgagents.report.report import Report
from pgagents.report.verdicts import tabulate_repeats
from pgagents.sandbox import fault_registry
from pgagents.verify.plan.options import Identities, Options
from pgagents.verify.run.run import contracts, plan
from verifying import PARK_GRAPH, model

CATALOGUES = Path(__file__).parents[1] / "catalogues"
LIBRARY, PAYMENTS, NOTES = (CATALOGUES / f"{name}.yaml" for name in ("library", "payments", "notes"))
SAME = "repeated_calls/same_call"


def repeat(
    path: Path,
    *only: str,
    faults: tuple[str, ...] = (),
    variations: tuple[str, ...] = (),
    edit: Callable[[Request, Response], Response] | None = None,
    tools: bool = False,
    tool_faults: tuple[str, ...] = (),
    **options: Any,
) -> Report:
    """Verify repeated calls of a sandbox; `edit` changes its answers, `tools` adds the MCP server."""
    of = model(path)
    opened = inside(of, faults=faults, variations=variations)
    handler: Handler | None = None
    if edit is not None:
        served, change = over_tls(opened.sandbox.handler), edit

        def handler(request: Request) -> Response | Silence:
            answer = served(request)
            return change(request, answer) if isinstance(answer, Response) else answer

    chosen = Options(only=only or ("repeated_calls/",), lost_answers=True, **options)
    with mcp_inside(of, opened, faults=tool_faults) if tools else nullcontext() as link:
        return verify_sandbox(of, opened, chosen, mcp=link, handler=handler)


def repeats(report: Report) -> dict[str, str]:
    """Return what each contract's repeated call does, in the words of the table."""
    return {
        r.contract.id.removeprefix("repeated_calls/"): r.repeat.value if r.repeat else r.verdict.value
        for r in report.results
        if r.contract.check == "repeated_calls" and r.verdict is not Verdict.NOT_SELECTED
    }


@cache
def library() -> Report:
    return repeat(LIBRARY)


def test_library_is_told_by_its_state() -> None:
    report = library()
    assert repeats(report) == {
        "same_call/add_title@rest": "visible",
        "same_call/remove_title@rest": "safe by nature",
        "same_call/add_patron@rest": "untested",  # a refusal proves nothing, and no action lists patrons
        "same_call/place_hold@rest": "safe by nature",
        "same_call/cancel_hold@rest": "safe by nature",
    }
    assert report.findings == ()
    assert report.footer.left_behind == ()
    assert report.exit_code == 0
    reasons = {r.contract.id: r.reason for r in report.results}
    assert "list_titles shows the first" in reasons[f"{SAME}/add_title@rest"]
    assert "`listed_by` of the resource would" in reasons[f"{SAME}/add_patron@rest"]


def test_key_of_payments_is_safe_and_a_new_one_is_not() -> None:
    told = repeats(repeat(PAYMENTS, f"{SAME}/create_", "repeated_calls/new_key/create_"))
    assert told == {
        "same_call/create_customer@rest": "safe by key",
        "new_key/create_customer@rest": "visible",
        "same_call/create_payment@rest": "safe by key",
        "new_key/create_payment@rest": "visible",
        "same_call/create_refund@rest": "untested",  # no read of the mock shows even the first refund
        "new_key/create_refund@rest": "untested",
        "same_call/create_report_run@rest": "safe by key",
        "new_key/create_report_run@rest": "harmful",  # runs are read by an id that only the answer tells
        "same_call/create_webhook_endpoint@rest": "not_applicable",
        "new_key/create_webhook_endpoint@rest": "not_applicable",
    }


def test_tool_is_repeated_in_another_session_too() -> None:
    kinds = ("same_call", "new_session", "new_key", "new_turn")
    told = repeats(repeat(PAYMENTS, *(f"repeated_calls/{k}/create_customer@mcp" for k in kinds), tools=True))
    assert [told[f"{kind}/create_customer@mcp"] for kind in kinds] == [
        "safe by key",
        "safe by key",
        "visible",
        "visible",
    ]


FAULTS = [
    (PAYMENTS, "idempotency-ignored", "same_call/create_customer@rest"),
    (PAYMENTS, "key-forgotten-after-a-repeat", "same_call/create_payment@rest"),
    (PAYMENTS, "key-freed-by-a-read", "same_call/create_customer@rest"),
    (PAYMENTS, "repeat-denied-after-work", "same_call/create_customer@rest"),
    (PAYMENTS, "repeat-fails-after-work", "same_call/create_payment@rest"),
    (PAYMENTS, "key-of-tool-dropped", "same_call/create_customer@mcp"),
    (PAYMENTS, "key-held-by-a-session", "new_session/create_customer@mcp"),
    (LIBRARY, "repeated-removal-restores", "same_call/remove_title@rest"),
    (NOTES, "repeated-removal-restores", "same_call/delete_note@rest"),
    (NOTES, "equal-change-appended", "same_call/change_note@rest"),
]


@pytest.mark.parametrize(("path", "fault", "contract"), FAULTS, ids=[f"{p.stem}-{f}" for p, f, _ in FAULTS])
def test_fault_is_told(path: Path, fault: str, contract: str) -> None:
    tools = contract.endswith("@mcp")
    assert fault in fault_registry.list_names("mcp_faults" if tools else "faults")
    given = {"tools": True, "tool_faults": (fault,)} if tools else {"faults": (fault,)}
    found = repeat(path, f"repeated_calls/{contract}", **given)
    broken = {f.contract.id for f in found.findings if f.contract.check == "repeated_calls"}
    assert f"repeated_calls/{contract}" in broken
    assert found.exit_code == 1


def test_key_of_a_session_is_safe_in_that_session() -> None:
    found = repeat(
        PAYMENTS, f"{SAME}/create_customer@mcp", tools=True, tool_faults=("key-held-by-a-session",)
    )
    assert repeats(found) == {"same_call/create_customer@mcp": "safe by key"}
    assert found.findings == ()


def with_status(status: int) -> Callable[[Request, Response], Response]:
    """The second answer of a key has another status."""
    seen: set[str] = set()

    def edit(request: Request, answer: Response) -> Response:
        key = request.header("Idempotency-Key")
        known = bool(key) and key in seen
        seen.update([key] if key and answer.status < 300 else [])
        return replace(answer, status=status) if known and answer.status == 201 else answer

    return edit


def conflict(request: Request, answer: Response, seen: set[str]) -> Response:
    """A used key is refused with 409."""
    key = request.header("Idempotency-Key")
    if not key or answer.status >= 300:
        return answer
    if key in seen:
        body = {"error": {"type": "idempotency", "code": "idempotency_in_progress", "message": "used"}}
        return replace(answer, status=409, body=json.dumps(body).encode())
    seen.add(key)
    return answer


def marked(request: Request, answer: Response) -> Response:
    return answer.with_header("Idempotency-Replayed", "true") if request.method == "POST" else answer


def _make_conflict() -> Callable[[Request, Response], Response]:
    seen: set[str] = set()
    return lambda request, answer: conflict(request, answer, seen)


def test_key_that_is_answered_with_another_instance_is_told() -> None:
    """The answer to a used key holds what an earlier call has made, so a model goes on with that."""
    made: list[Response] = []
    seen: set[str] = set()

    def edit(request: Request, answer: Response) -> Response:
        if request.method != "POST" or not request.path.endswith("/customers") or answer.status != 201:
            return answer
        key = request.header("Idempotency-Key") or ""
        if key in seen:
            return made[0]
        made.append(answer)
        seen.update([key] if key else [])
        return answer

    report = repeat(PAYMENTS, f"{SAME}/create_customer@rest", edit=edit)
    (finding,) = (f for f in report.findings if f.contract.check == "repeated_calls")
    assert finding.actual.startswith("the repeat was answered with another customer, which is there")


@pytest.mark.parametrize(
    "edit",
    [with_status(200), _make_conflict(), marked],
    ids=["second answer is 200", "409 for a used key", "header of a replay"],
)
def test_legal_answers_to_a_used_key_are_silent(edit: Callable[[Request, Response], Response]) -> None:
    report = repeat(PAYMENTS, f"{SAME}/create_customer@rest", f"{SAME}/create_payment@rest", edit=edit)
    assert [f.contract.id for f in report.findings if f.contract.check == "repeated_calls"] == []
    assert set(repeats(report).values()) == {"safe by key"}


def misfit(path: str) -> Callable[[Request, Response], Response]:
    """The reads below a path answer a name that is no text."""

    def edit(request: Request, answer: Response) -> Response:
        if request.method != "GET" or path not in request.path or answer.status != 200:
            return answer
        return replace(answer, body=answer.body.replace(b'"object":"customer"', b'"object":7'))

    return edit


@pytest.mark.parametrize("kind", ["same_call", "new_key"])
def test_read_that_is_not_as_documented_hides_no_other(kind: str) -> None:
    """The list alone shows what a repeat does, if the read by id answers something else."""
    usual = repeats(repeat(PAYMENTS, f"repeated_calls/{kind}/create_customer@rest"))
    only = (f"repeated_calls/{kind}/create_customer@rest",)
    assert repeats(repeat(PAYMENTS, *only, edit=misfit("/customers/cus_"))) == usual
    report = repeat(PAYMENTS, *only, edit=misfit("/customers"))
    (reason,) = (r.reason for r in report.results if r.contract.id == only[0])
    assert reason.startswith(
        "what it did could not be read: no answer is as the catalogue says (get_customer"
    )


def test_key_of_one_caller_is_silent() -> None:
    of = load_once(PAYMENTS.read_text("utf-8").replace("of: project, otherwise", "of: key, otherwise"), "own")
    opened = inside(of)
    report = verify_sandbox(of, opened, Options(only=(f"{SAME}/create_customer@rest",), lost_answers=True))
    assert set(repeats(report).values()) == {"safe by key"}


def test_list_shows_the_first_on_a_later_page_too() -> None:
    text = LIBRARY.read_text("utf-8").replace('{sort: "-id", per_page: 50}, at', "{per_page: 1}, at", 1)
    of = load_once(text, "paged")
    chosen = Options(only=(f"{SAME}/add_title@rest",), lost_answers=True)
    report = verify_sandbox(of, inside(of), chosen)
    assert repeats(report) == {"same_call/add_title@rest": "visible"}


def test_nothing_is_repeated_unless_asked_for() -> None:
    of = model(LIBRARY)
    assert not [c for c in contracts(of) if c.check == "repeated_calls"]
    assert [c for c in contracts(of, lost_answers=True) if c.check == "repeated_calls"]
    usual, asked = (plan(of, Options(lost_answers=x), Identities()) for x in (False, True))
    assert "repeated_calls" not in usual.by_check
    assert asked.by_check["repeated_calls"] > 30
    assert asked.shares["lost answers"] == asked.by_check["repeated_calls"]
    assert {k: v for k, v in asked.by_check.items() if k != "repeated_calls"} == usual.by_check


def test_what_costs_money_is_not_repeated_with_a_key_that_is_no_test_key() -> None:
    of = model(PAYMENTS)
    live = Identities({"main": "cp_live_key_aaaaaaaaaaaaaaaaaaaaaaaa"})
    forecast = plan(of, Options(lost_answers=True, allow_writes=True), live)
    reasons = {c.id: reason for c, reason in forecast.left_out}
    told = reasons[f"{SAME}/create_payment@rest"]
    assert told == "a repeated create_payment would cost money twice: --allow create_payment would try it"
    assert f"{SAME}/create_customer@rest" not in reasons
    allowed = plan(of, Options(lost_answers=True, allow_writes=True, allow=("create_payment",)), live)
    assert f"{SAME}/create_payment@rest" not in {c.id for c, _ in allowed.left_out}


def test_formats_show_the_table(tmp_path: Path) -> None:
    report, source = library(), model(LIBRARY).source
    head, *rows = tabulate_repeats(report)
    assert head == ("action", "same call")
    assert ("add_title@rest", "visible") in rows
    assert "When an answer is lost and the call is repeated:" in text.render(report, source)
    assert "rest | visible |" in markdown.render(report, source).decode()
    assert "<td>visible</td>" in html.render(report, source).decode()
    (tmp_path / "report.json").write_bytes(as_json(report, source))
    again = read(tmp_path / "report.json")[0]
    assert tabulate_repeats(again) == tabulate_repeats(report)
    assert Repeat.VISIBLE in {result.repeat for result in again.results}


def test_a_report_without_repeats_has_no_table() -> None:
    report = replace(library(), results=())
    assert tabulate_repeats(report) == []
    assert "When an answer is lost" not in text.render(report, model(LIBRARY).source)


def test_option_selects_contracts(capsys: pytest.CaptureFixture[str]) -> None:
    command = ["verify", str(LIBRARY), "--url", "http://127.0.0.1:1", "--plan"]
    only = ["--only", f"{SAME}/add_title@rest"]
    assert main([*command, *only]) == 2
    assert "no contract's id is this" in capsys.readouterr().err
    assert main([*command, *only, "--lost-answers"]) == 0
    assert "lost answers" in capsys.readouterr().out


def test_change_through_a_tool_is_no_difference_between_reads_over_rest() -> None:
    """Watchers of REST do not see that a tool has changed what they know from its create."""
    only = (f"{SAME}/update_customer@mcp", "consistent_representations/customer/get_customer@rest")
    assert {f.contract.id: f.actual for f in repeat(PAYMENTS, *only, tools=True).findings} == {}


@pytest.mark.matrix
@pytest.mark.parametrize("path", [LIBRARY, PAYMENTS, NOTES], ids=lambda path: path.stem)
def test_whole_run_with_repeats_finds_nothing_on_a_right_server(path: Path) -> None:
    of = model(path)
    opened = inside(of)
    with mcp_inside(of, opened) as link:
        report = verify_sandbox(of, opened, Options(lost_answers=True), mcp=link)
    assert {f.contract.id: f.actual for f in report.findings} == {}
    assert report.footer.left_behind == ()
    told = [r for r in report.results if r.contract.check == "repeated_calls"]
    assert [(r.contract.id, r.reason) for r in told if r.verdict is Verdict.UNTESTED and not r.excused] == []


@pytest.mark.matrix
def test_park_graph_breaks_no_promise() -> None:
    report = repeat(PARK_GRAPH, tools=True)
    assert {f.contract.id: f.actual for f in report.findings} == {}
    told = repeats(report)
    assert told["same_call/create_session@rest"] == "safe by key"
    assert told["new_key/create_session@rest"] == "visible"
    assert report.footer.left_behind == ()
