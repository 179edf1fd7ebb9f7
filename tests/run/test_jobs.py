"""Jobs are followed to their end, by waiting or by the operator's clock. A server's words about them are not
trusted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from inprocess import inside, over_tls, verify_sandbox
from language_table import rows
from pgagents.base.http import Request, Response, Silence, json_bytes, read_json
from pgagents.catalogue.load import load_text
from pgagents.catalogue.model.model import Model
from pgagents.report.contract import Verdict
from pgagents.verify.plan.options import Options
from verifying import ids, run

NO_WORKFLOW = {"workflows": {"export": None}}
CLOCK = {
    "auth": {"roles": {"operator": {"description": "Who runs the server", "operator": True}}},
    "operator": {
        "clock": "advance",
        "actions": {
            "advance": {
                "title": "Move the clock",
                "description": "Move the clock forward.",
                "http": "POST /clock",
                "effect": "write",
                "input": {
                    "seconds": {"type": "number", "minimum": 0, "required": True, "description": "So far"}
                },
                "output": {200: {"description": "The time", "properties": {"now": {"type": "string"}}}},
            }
        },
    },
}


def exporting(*changes: Any) -> Model:
    """The notes with exports that are jobs, and changes."""
    return load_text(rows()["job"].text(*changes), "notes.yaml")


def judged(report: Any, verdict: Verdict) -> list[str]:
    return [id for id in ids(report, verdict) if id.startswith("jobs/")]


def test_failed_jobs_that_say_why_break_nothing() -> None:
    report = run(exporting(NO_WORKFLOW), allow_writes=True, variations=["jobs-fail-and-say-why"])
    assert [f.contract.id for f in report.findings] == []
    assert len(judged(report, Verdict.KEPT)) == 3


def test_job_that_may_take_longer_than_a_run_waits_is_not_waited_for() -> None:
    of = exporting(NO_WORKFLOW, {"actions": {"export_notes": {"job": {"within_s": 4000}}}})
    report = run(of, allow_writes=True)
    assert judged(report, Verdict.NOT_APPLICABLE) == [
        "jobs/ends/export_notes@rest",
        "jobs/forward/export_notes@rest",
        "jobs/found/export_notes@rest",
    ]


def test_job_is_followed_by_the_operators_clock() -> None:
    of = exporting(NO_WORKFLOW, CLOCK, {"actions": {"export_notes": {"job": {"within_s": 4000}}}})
    opened = inside(of)
    report = verify_sandbox(of, opened, Options(allow_writes=True))
    assert len(judged(report, Verdict.KEPT)) == 3, judged(report, Verdict.UNTESTED)


@pytest.mark.parametrize(
    ("clock", "within_s", "verdict"),
    [
        ({}, 300, Verdict.KEPT),
        ({}, 301, Verdict.NOT_APPLICABLE),
        (CLOCK, 300, Verdict.KEPT),
        (CLOCK, 301, Verdict.NOT_SELECTED),
    ],
)
def test_five_minutes_are_the_longest_wait(clock: dict[str, Any], within_s: int, verdict: Verdict) -> None:
    of = exporting(NO_WORKFLOW, clock, {"actions": {"export_notes": {"job": {"within_s": within_s}}}})
    opened = inside(of)
    keys = {role: key for role, key in opened.keys.items() if role != "operator"}
    report = verify_sandbox(of, opened, Options(allow_writes=True), keys=keys)
    assert len(judged(report, verdict)) == 3


def test_long_job_without_the_operators_key_is_not_selected_and_not_waited_for() -> None:
    of = exporting(NO_WORKFLOW, CLOCK, {"actions": {"export_notes": {"job": {"within_s": 4000}}}})
    opened = inside(of)
    keys = {role: key for role, key in opened.keys.items() if role != "operator"}
    report = verify_sandbox(of, opened, Options(allow_writes=True), keys=keys)
    assert len(judged(report, Verdict.NOT_SELECTED)) == 3
    reasons = {r.reason for r in report.results if r.contract.check == "jobs"}
    assert reasons == {"needs the identity `operator`: add --identity operator=ENVVAR"}
    assert opened.slept < 60


@pytest.mark.parametrize(
    ("location", "verdict"),
    [
        ("http://[::1/exports/x", Verdict.UNTESTED),
        ("https://elsewhere.example/logout", Verdict.UNTESTED),
        ("//elsewhere.example", Verdict.UNTESTED),
        ("\t", Verdict.UNTESTED),
        ("../exports/other", Verdict.BROKEN),
        ("/v1/exports/other", Verdict.BROKEN),
        ("/exports/%zz", Verdict.BROKEN),
    ],
)
def test_odd_locations_are_judged_and_never_called(location: str, verdict: Verdict) -> None:
    asked: list[str] = []
    report = altered(lambda answer: answer.with_header("Location", location), asked)
    assert "jobs/found/export_notes@rest" in ids(report, verdict), [f.actual for f in report.findings]
    assert not [target for target in asked if "logout" in target or "other" in target]


@pytest.mark.parametrize("text", ["-1", "soon", "1.5", "٣", "Fri, 99 Foo", "1" * 80])
def test_retry_after_that_is_no_time_is_broken(text: str) -> None:
    report = altered(lambda answer: answer.with_header("Retry-After", text), [])
    assert "jobs/found/export_notes@rest" in ids(report, Verdict.BROKEN)


def altered(change: Callable[[Response], Response], asked: list[str]) -> Any:
    """Verify a server whose answers that start jobs are changed."""
    of = exporting(NO_WORKFLOW)
    opened = inside(of)

    def handler(request: Request) -> Response | Silence:
        asked.append(request.target)
        answer = opened.sandbox.handler(request)
        if isinstance(answer, Response) and answer.header("Location") is not None:
            return change(answer)
        return answer

    report = verify_sandbox(of, opened, Options(allow_writes=True), handler=handler)
    assert not [note for note in report.footer.notes if "internal" in note], report.footer.notes
    return report


def polled(change: Callable[[Response, bool], Response]) -> Any:
    """Verify a server whose answers about jobs are changed. The change is told if the answer starts one."""
    of = exporting(NO_WORKFLOW)
    opened = inside(of)

    def handler(request: Request) -> Response | Silence:
        answer = opened.sandbox.handler(request)
        if not isinstance(answer, Response) or answer.status not in (200, 202):
            return answer
        exports = "/exports" in request.target
        return change(answer, request.method == "POST") if exports else answer

    return verify_sandbox(of, opened, Options(allow_writes=True, only=("jobs",)), handler=handler)


@pytest.mark.parametrize(
    ("status", "verdict"), [(503, Verdict.UNTESTED), (429, Verdict.UNTESTED), (404, Verdict.BROKEN)]
)
def test_job_that_the_server_is_too_busy_to_show_is_not_judged(status: int, verdict: Verdict) -> None:
    report = polled(lambda answer, starts: answer if starts else Response(status))
    assert "jobs/ends/export_notes@rest" in ids(report, verdict)


@pytest.mark.parametrize(
    ("first", "later", "verdict"),
    [(None, None, Verdict.BROKEN), ("no disk", "no disk", Verdict.KEPT), (None, "no disk", Verdict.KEPT)],
)
def test_job_that_failed_in_its_first_answer_says_why(
    first: str | None, later: str | None, verdict: Verdict
) -> None:
    def change(answer: Response, starts: bool) -> Response:
        body = read_json(answer.body).value
        why = first if starts else later
        failed = {**body, "status": "failed", **({"error": why} if why else {})}
        return Response(answer.status, answer.headers, json_bytes(failed))

    assert "jobs/ends/export_notes@rest" in ids(polled(change), verdict)


@pytest.mark.parametrize(
    ("documented", "status", "headers", "verdict"),
    [
        (303, 303, (("Location", "/v1/notes"),), Verdict.KEPT),
        (302, 302, (("Location", "https://files.example/x"),), Verdict.KEPT),
        (303, 303, (), Verdict.BROKEN),
        (303, 302, (("Location", "/v1/notes"),), Verdict.BROKEN),
        (None, 303, (("Location", "/v1/notes"),), Verdict.BROKEN),
    ],
)
def test_job_that_has_ended_may_send_its_reader_on_to_the_result(
    documented: int | None, status: int, headers: tuple[tuple[str, str], ...], verdict: Verdict
) -> None:
    """JSON:API recommends 303 for it. A redirect that nothing documents shows no end."""
    where = {"headers": {"Location": {"description": "Where the export is", "required": False}}}
    reader = {"actions": {"get_export": {"output": {documented: where}}}}
    of = exporting(NO_WORKFLOW, *([reader] if documented else []))
    opened = inside(of)

    def handler(request: Request) -> Response | Silence:
        answer = opened.sandbox.handler(request)
        if not isinstance(answer, Response) or request.method != "GET" or "/exports/" not in request.target:
            return answer
        ended = b'"succeeded"' in answer.body
        return Response(status, headers) if ended else answer

    report = verify_sandbox(of, opened, Options(allow_writes=True, only=("jobs",)), handler=handler)
    assert "jobs/ends/export_notes@rest" in ids(report, verdict)


ROWS = {
    "schemas": {
        "Export": {
            "properties": {"rows": {"type": ["integer", "null"], "description": "How many notes it has"}},
        }
    }
}
TITLE = {
    "schemas": {"Export": {"properties": {"title": {"type": "string", "description": "Its title"}}}},
    "resources": {"export": {"fixed": ["title"]}},
}


def filling(of: Model, *, keep: str = "") -> Any:
    """Return a sandbox whose exports end at once and are filled in then; a read shows `keep` as a title."""
    serve = over_tls(inside(of).sandbox.handler)

    def handler(request: Request) -> Response | Silence:
        answer = serve(request)
        if (
            not isinstance(answer, Response)
            or answer.status not in (200, 202)
            or "/exports" not in request.path
        ):
            return answer
        body = read_json(answer.body).value
        started = request.method == "POST"
        body |= {"rows": None if started else 3, "status": "queued" if started else "succeeded"}
        if keep:
            body["title"] = "All notes" if started else keep
        return replace(answer, body=json_bytes(body))

    return handler


def test_members_that_a_job_fills_in_are_no_other_instance() -> None:
    of = exporting(NO_WORKFLOW, ROWS)
    report = verify_sandbox(of, inside(of), Options(allow_writes=True, exclusive=True), handler=filling(of))
    assert [(f.contract.id, f.actual) for f in report.findings] == []


def test_fixed_member_of_a_job_stays_while_it_runs() -> None:
    of = exporting(NO_WORKFLOW, ROWS, TITLE)
    options = Options(allow_writes=True, exclusive=True)
    for title, broken in (("All notes", False), ("Some notes", True)):
        report = verify_sandbox(of, inside(of), options, handler=filling(of, keep=title))
        checks = {id.partition("/")[0] for id in ids(report, Verdict.BROKEN)}
        assert checks == ({"consistent_representations", "read_after_write"} if broken else set())
