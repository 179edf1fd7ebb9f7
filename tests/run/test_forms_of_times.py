"""A time is only sent in forms that its argument's schema allows."""

from __future__ import annotations

import re
from datetime import datetime

import pytest

from pgagents.base.http import Request, Response
from pgagents.report.contract import Verdict
from small_api import NOTES, Notes, answer, catalogue, verified
from verifying import ids

CONTRACT = "timestamp_parsing/list_notes@rest"
PLACE = "    http: GET /notes\n    effect: read\n"
REFUSALS = "properties: {notes: {type: array, items: {$ref: Note}}}, required: [notes]}}\n"


def sent(keywords: str, allowed: str) -> tuple[list[str], bool, bool]:
    """Return the times that are sent, and if the contract is kept or broken at a server that takes only
    times of a pattern.
    """
    given = f"    input: {{since: {{type: string, format: date-time, required: true{keywords}}}}}\n"
    model = catalogue(NOTES, (PLACE, PLACE + given), (REFUSALS, f"{REFUSALS}    errors: [REFUSED]\n"))
    times: list[str] = []

    def odd(_: Notes, request: Request) -> Response | None:
        if request.method != "GET" or request.path != "/notes":
            return None
        since = dict(request.query).get("since", "")
        times.append(since)
        return None if re.fullmatch(allowed, since) else answer(422, {"detail": "a time"})

    report = verified(model, Notes(odd=odd), only=(CONTRACT,))
    return times, CONTRACT in ids(report, Verdict.KEPT), CONTRACT in ids(report, Verdict.BROKEN)


@pytest.mark.parametrize(
    ("keywords", "allowed"),
    [
        (", pattern: 'Z$'", r".*Z"),
        (", maxLength: 25", r".{20,25}"),
        ("", r".*"),
    ],
)
def test_allowed_form_of_a_time_is_compared(keywords: str, allowed: str) -> None:
    times, kept, broken = sent(keywords, allowed)
    assert len(set(times)) > 1
    assert (kept, broken) == (True, False)


def test_schema_that_allows_one_form_promises_nothing() -> None:
    assert sent(", maxLength: 20", r".{20}") == ([], False, False)


def test_refusal_of_an_allowed_form_is_broken() -> None:
    assert sent("", r".*Z")[2]


def test_first_day_that_there_is_has_no_other_form() -> None:
    """`DateTime.MinValue` of .NET has no time ten hours to the west: it ended the run."""
    least = "0001-01-01T00:00:00Z"
    given = "    input: {since: {type: string, format: date-time, required: true}}\n"
    shown = f'    examples: {{all: {{input: {{since: "{least}"}}, output: {{notes: []}}}}}}\n'
    model = catalogue(NOTES, (PLACE, PLACE + given), (REFUSALS, REFUSALS + shown))
    report = verified(model, Notes(), only=(CONTRACT,))
    found = next(r for r in report.results if r.contract.id == CONTRACT)
    assert (found.verdict, "no other form" in found.reason) == (Verdict.UNTESTED, True), found.reason


@pytest.mark.parametrize(("status", "verdict"), [(503, "untested"), (502, "untested"), (422, "broken")])
def test_a_server_that_is_busy_refuses_no_form(status: int, verdict: str) -> None:
    given = "    input: {since: {type: string, format: date-time, required: true}}\n"
    model = catalogue(NOTES, (PLACE, PLACE + given), (REFUSALS, f"{REFUSALS}    errors: [REFUSED]\n"))

    def odd(_: Notes, request: Request) -> Response | None:
        other = request.path == "/notes" and not dict(request.query).get("since", "Z").endswith("Z")
        return answer(status, {"detail": "no"}) if other else None

    report = verified(model, Notes(odd=odd), only=(CONTRACT,))
    assert next(r.verdict.value for r in report.results if r.contract.id == CONTRACT) == verdict


def test_the_fraction_of_a_time_is_not_cut() -> None:
    exact = "2026-04-18T16:00:00.123456Z"
    given = "    input: {since: {type: string, format: date-time, required: true}}\n"
    shown = f'    examples: {{all: {{input: {{since: "{exact}"}}, output: {{notes: []}}}}}}\n'
    model = catalogue(NOTES, (PLACE, PLACE + given), (REFUSALS, REFUSALS + shown))
    times: list[str] = []

    def odd(_: Notes, request: Request) -> Response | None:
        times.extend(value for name, value in request.query if name == "since")
        return None

    verified(model, Notes(odd=odd), only=(CONTRACT,))
    told = {time for time in times if "." in time}
    assert len(told) > 1
    assert {datetime.fromisoformat(time) for time in told} == {datetime.fromisoformat(exact)}


def test_a_log_that_has_the_calls_themselves_shows_nothing_of_a_time() -> None:
    given = "    input: {since: {type: string, format: date-time, required: true}}\n"
    model = catalogue(NOTES, (PLACE, PLACE + given))
    calls: list[str] = []

    def odd(_: Notes, request: Request) -> Response | None:
        if request.path != "/notes" or request.method != "GET":
            return None
        calls.append(request.target)
        return answer(200, {"notes": [{"id": f"n{number}", "text": "x"} for number in range(len(calls))]})

    report = verified(model, Notes(odd=odd), only=(CONTRACT,), exclusive=True)
    assert next(r.verdict for r in report.results if r.contract.id == CONTRACT) is Verdict.UNTESTED


@pytest.mark.parametrize("exclusive", [True, False])
def test_an_offset_that_is_ignored_is_not_kept_where_others_call_too(
    exclusive: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pgagents.verify.plan.plan.loopback", lambda _: False)

    def note(_: Notes, request: Request) -> Response | None:
        since = dict(request.query).get("since", "")
        notes = [{"id": "n1", "text": "x"}] if since.endswith("Z") else []
        return answer(200, {"notes": notes}) if request.method == "GET" and since else None

    given = "    input: {since: {type: string, format: date-time, required: true}}\n"
    model = catalogue(NOTES, (PLACE, PLACE + given))
    report = verified(model, Notes(odd=note), only=(CONTRACT,), exclusive=exclusive)
    verdict = next(r.verdict for r in report.results if r.contract.id == CONTRACT)
    assert verdict is (Verdict.BROKEN if exclusive else Verdict.UNTESTED)


@pytest.mark.parametrize("held", [0, 1])
def test_two_empty_answers_are_kept_with_what_they_do_not_show(held: int) -> None:
    given = "    input: {since: {type: string, format: date-time, required: true}}\n"
    server = Notes(notes={f"n{n}": {"id": f"n{n}", "text": "x"} for n in range(held)})
    report = verified(catalogue(NOTES, (PLACE, PLACE + given)), server, only=(CONTRACT,))
    found = next(r for r in report.results if r.contract.id == CONTRACT)
    assert (found.verdict, "are empty" in found.reason) == (Verdict.KEPT, not held)
