"""A report names the line of a short catalogue that would try most of the rest; applied by hand, it does."""

from __future__ import annotations

import json
from typing import Any

import pytest

from importing import answering, imported, openapi, taking
from overlaying import over, refused
from pgagents.base.http import Request, Response, json_bytes
from pgagents.catalogue.model.model import Model
from pgagents.report.contract import Verdict
from pgagents.report.formats.text import render
from pgagents.report.report import Report
from pgagents.verify.plan.options import Identities, Options
from pgagents.verify.run.run import verify

URL = "http://127.0.0.1:1"
TEXT = {"type": "string", "minLength": 1, "maxLength": 40}
JOB = {"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}}}
LINE = {"type": "object", "required": ["text"], "properties": {"text": TEXT}}
WHOLE = {"type": "integer"}
"""Of a text id a lenient server may read another's, so that a removal that leaves it ends the run's calls."""
NOTE = {"type": "object", "required": ["id", "title"], "properties": {"id": WHOLE, "title": TEXT}}
NEW = {"type": "object", "required": ["title", "plan"], "properties": {"title": TEXT, "plan": TEXT}}
MISSING = {"404": {"description": "Not there"}, "422": {"description": "Refused"}}


def named(name: str, schema: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"name": name, "in": "path", "required": True, "schema": schema}]


def document() -> dict[str, Any]:
    """Return a document of jobs that nothing lists or makes, and of notes whose create wants a known plan."""
    job, note = named("job_id", {"type": "integer"}), named("note_id", WHOLE)
    lines = {"type": "array", "items": LINE}
    return openapi(
        {
            "/jobs/{job_id}": {
                "parameters": job,
                "get": {"operationId": "get_job", "responses": answering(JOB) | MISSING},
            },
            "/jobs/{job_id}/lines": {
                "parameters": job,
                "get": {"operationId": "list_lines", "responses": answering(lines) | MISSING},
            },
            "/notes": {
                "post": {
                    "operationId": "create_note",
                    "requestBody": taking(NEW),
                    "responses": {"201": answering(NOTE)["200"], **MISSING},
                }
            },
            "/notes/{note_id}": {
                "parameters": note,
                "get": {"operationId": "get_note", "responses": answering(NOTE) | MISSING},
                "delete": {
                    "operationId": "delete_note",
                    "responses": {"204": {"description": "Done"}, **MISSING},
                },
            },
        }
    )


class Server:
    """Has one job, 41, and takes notes of the plan `gold`. `fault`: a removed note stays. `down`: a right
    create is answered 503.
    """

    def __init__(self, fault: bool = False, down: bool = False) -> None:
        self.fault, self.down, self.notes, self.count = fault, down, dict[int, Any](), 0

    def __call__(self, request: Request) -> Response:
        steps = request.path.strip("/").split("/")
        if steps[0] == "jobs" and request.method == "GET":
            if steps[1:2] != ["41"]:
                return self._answer(404)
            return self._answer(200, {"id": 41} if len(steps) == 2 else [{"text": "begun"}])
        if request.path == "/notes" and request.method == "POST":
            return self._create(request)
        id = int(steps[-1]) if steps[-1].isdecimal() else 0
        if steps[0] != "notes" or id not in self.notes:
            return self._answer(404)
        if request.method == "DELETE":
            if not self.fault:
                del self.notes[id]
            return self._answer(204)
        return self._answer(200, self.notes[id])

    def _create(self, request: Request) -> Response:
        try:
            body = json.loads(request.body)
        except ValueError:
            return self._answer(422)
        title = body.get("title") if isinstance(body, dict) else None
        if self.down and isinstance(title, str) and 1 <= len(title) <= 40:
            return self._answer(503)
        if not isinstance(title, str) or not 1 <= len(title) <= 40 or body.get("plan") != "gold":
            return self._answer(422)
        self.count += 1
        id = self.count
        self.notes[id] = {"id": id, "title": title}
        return self._answer(201, self.notes[id])

    def _answer(self, status: int, body: Any = None) -> Response:
        headers = (("Content-Type", "application/json"),) if body is not None else ()
        return Response(status, headers, json_bytes(body) if body is not None else b"")


def run(model: Model, *, fault: bool = False, down: bool = False) -> Report:
    now = [1_776_000_000.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    checks = ("valid_calls", "read_after_write", "removals", "no_crashes")
    return verify(
        model, Server(fault, down), Identities({}), Options(live=False, allow_writes=True, only=checks),
        clock=lambda: now[0], sleep=sleep, wall=lambda: "2026-04-12T13:20:00Z", url=URL, timer=lambda: now[0],
    )  # fmt: skip


def count_untested(report: Report, *actions: str) -> int:
    return sum(r.verdict is Verdict.UNTESTED and r.contract.action in actions for r in report.results)


def test_line_for_each_resource_in_the_way_tries_what_it_promises() -> None:
    report = run(imported(document()).model)
    lines = {lift.resource: lift.line for lift in report.footer.lifts}
    assert lines["job"] == 'resources: {job: {given: "ID"}}'
    assert (
        lines["note"]
        == "resources: {note: {made_by: {action: create_note, input: {title: =fresh.text, plan: VALUE}}}}"
    )
    applied = lines["job"].replace("ID", "41")
    better = run(over(applied, document()))
    assert count_untested(report, "get_job", "list_lines") > 0
    assert count_untested(better, "get_job", "list_lines") == 0
    assert "job" not in {lift.resource for lift in better.footer.lifts}
    better = run(over(lines["note"].replace("VALUE", "gold"), document()))
    assert count_untested(better, "get_note", "delete_note") == 0
    assert f"line in a short catalogue: {lines['job']}" in " ".join(show(report).split())


def show(report: Report) -> str:
    return render(report, imported(document()).model.source)


MADE = "made_by: {action: create_note, input: {title: =fresh.text, plan: gold}}"
CONFIRMED = f"resources: {{note: {{{MADE}, confirmed: [%s]}}}}"


@pytest.mark.parametrize(
    ("keys", "verdict"), [("read_by", Verdict.ODD), ("read_by, undone_by", Verdict.BROKEN)]
)
def test_confirmed_calls_make_a_finding_firm(keys: str, verdict: Verdict) -> None:
    report = run(over(CONFIRMED % keys, document()), fault=True)
    found = {r.verdict for r in report.results if r.contract.check == "removals"}
    assert verdict in found


def test_odd_finding_shows_the_line_that_makes_it_firm() -> None:
    report = run(over(CONFIRMED.replace(", confirmed: [%s]", ""), document()), fault=True)
    [finding] = [f for f in report.findings if f.contract.check == "removals"]
    assert finding.confirm == "resources: {note: {confirmed: [read_by, undone_by]}}"
    assert finding.confirm in " ".join(render(report, over("", document()).source, odd=True).split())


def test_confirmed_part_must_be_a_guess_that_is_there() -> None:
    assert (
        "nothing concludes `listed_by`"
        in refused("resources: {note: {confirmed: [listed_by]}}", document())[0]
    )
    whole = "resources: {note: {confirmed: [made_by], inferred: false, made_by: {action: create_note}}}"
    assert any("is not a guess" in line or "unwritten" in line for line in refused(whole, document()))


def test_a_create_that_the_server_puts_off_is_named_with_what_lifts_it_and_no_line_is_told() -> None:
    report = run(imported(document()).model, down=True)
    reasons = {r.reason for r in report.results if r.contract.action in ("create_note", "get_note")}
    assert "create_note answered 503: start or switch on what it needs" in reasons
    creates = (
        "the last of 5 creates got 503, and each may have made a note: --allow create_note would call it"
    )
    assert not [text for text in reasons if "creates" in text and text != creates]
    assert "note" not in {lift.resource for lift in report.footer.lifts}
