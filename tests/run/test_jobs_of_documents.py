"""A document says of no job that it is one: its state moves on, and its members are filled in, by themselves.

A list that shows another value than a read, and no job's, is still found.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import pytest

from importing import imported, openapi
from pgagents.base.http import Request, Response, json_bytes
from pgagents.catalogue.model.model import Model
from pgagents.report.report import Report
from pgagents.verify.plan.options import Identities, Options
from pgagents.verify.run.run import verify

URL = "http://127.0.0.1:1"
TEXT = {"type": "string"}
PROBLEM = {"type": "object", "required": ["detail"], "properties": {"detail": TEXT}}
NULL = {"type": ["string", "null"]}
NAME = {"type": "string", "minLength": 1, "maxLength": 40, "pattern": "^[ -~]+$"}
ROWS = {"type": "integer", "minimum": 1, "maximum": 100, "default": 5}
STATES = {"state": {"type": "string", "enum": ["running", "done"]}}


@dataclass(frozen=True)
class Form:
    """A document's way to show a job: the create's status, and the members that the server fills in.

    They have the values of `first` until the job is done, and those of `last` afterwards.
    """

    status: int
    members: dict[str, Any]
    first: dict[str, Any]
    last: dict[str, Any]


FORMS = {
    "an enum": Form(201, STATES, {"state": "running"}, {"state": "done"}),
    "an enum and null": Form(
        201,
        {**STATES, "url": NULL, "size": {"type": ["integer", "null"]}},
        {"state": "running", "url": None, "size": None},
        {"state": "done", "url": "/files/1", "size": 70},
    ),
    "a text": Form(200, {"status": TEXT}, {"status": "In Progress"}, {"status": "Completed"}),
    "an object": Form(
        201,
        {"status": {"type": "object", "properties": {"phase": TEXT, "percent": {"type": "integer"}}}},
        {"status": {"phase": "PENDING", "percent": 0}},
        {"status": {"phase": "SUCCEEDED", "percent": 100}},
    ),
    "null alone": Form(
        201, {"result": NULL, "ended": {**NULL, "format": "date-time"}, "tries": {"type": "integer"}},
        {"result": None, "ended": None, "tries": 0},
        {"result": "7 rows", "ended": "2026-04-12T13:20:00Z", "tries": 1},
    ),
    "a 202 in other words": Form(
        202, {"stand": {"type": "string", "enum": ["an", "aus"]}}, {"stand": "an"}, {"stand": "aus"}
    ),
    "a 202 and null": Form(202, {"size": {"type": ["integer", "null"]}}, {"size": None}, {"size": 70}),
    "an enum of the first word alone": Form(
        201,
        {"state": {"type": "string", "enum": ["new", "failed", "processed"]}},
        {"state": "new"},
        {"state": "processed"},
    ),
}  # fmt: skip


@cache
def model(form: str) -> Model:
    """The model of a document with a list of jobs, a create, a read and a removal."""
    members, status = FORMS[form].members, FORMS[form].status
    sent = {"type": "object", "required": ["name"], "properties": {"name": NAME, "rows": ROWS}}
    job = {
        "type": "object",
        "required": ["id", "name", "rows", *members],
        "properties": {"id": TEXT, "name": TEXT, "rows": {"type": "integer"}, **members},
    }
    jobs = {"type": "object", "required": ["jobs"], "properties": {"jobs": {"type": "array", "items": job}}}
    one = {"name": "job_id", "in": "path", "required": True, "schema": TEXT}
    paths = {
        "/jobs": {
            "get": {"operationId": "list_jobs", "responses": answers(200, jobs)},
            "post": {
                "operationId": "create_job",
                "requestBody": {"required": True, "content": {"application/json": {"schema": sent}}},
                "responses": answers(status, job, 400),
            },
        },
        "/jobs/{job_id}": {
            "parameters": [one],
            "get": {"operationId": "get_job", "responses": answers(200, job, 404)},
            "delete": {"operationId": "delete_job", "responses": answers(204, None, 404)},
        },
    }
    return imported(openapi(paths)).model


def answers(status: int, schema: dict[str, Any] | None, *refusals: int) -> dict[str, Any]:
    content = {} if schema is None else {"content": {"application/json": {"schema": schema}}}
    refused = {"description": "No", "content": {"application/json": {"schema": PROBLEM}}}
    return {str(status): {"description": "So", **content}, **{str(code): refused for code in refusals}}


Show = Callable[[dict[str, Any]], dict[str, Any]]


def as_it_is(job: dict[str, Any]) -> dict[str, Any]:
    return job


@dataclass
class Jobs:
    """A server whose jobs are done after `pace` answers that show one; `listed` alters items of the list."""

    form: Form
    pace: int
    listed: Show = as_it_is
    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    shown: dict[str, int] = field(default_factory=dict)

    def __call__(self, request: Request) -> Response:
        id = request.path.removeprefix("/jobs").removeprefix("/")
        if not request.path.startswith("/jobs") or (id and id not in self.jobs):
            return answer(404, {"detail": "not there"})
        allowed = ("GET", "DELETE") if id else ("GET", "POST")
        if request.method not in allowed:
            return Response(405, (("Allow", ", ".join(allowed)),), b"")
        if request.method == "POST":
            return self._create(request)
        if request.method == "DELETE":
            del self.jobs[id]
            return Response(204, (), b"")
        if id:
            return answer(200, self._show(id))
        return answer(200, {"jobs": [self.listed(self._show(id)) for id in self.jobs]})

    def _create(self, request: Request) -> Response:
        try:
            body = json.loads(request.body)
        except ValueError:
            body = None
        if not isinstance(body, dict) or not body.keys() <= {"name", "rows"}:
            return answer(400, {"detail": "wrong"})
        name, rows = body.get("name"), body.get("rows", 5)
        number = not isinstance(rows, bool) and rows in range(1, 101)
        text = isinstance(name, str) and 1 <= len(name) <= 40 and name.isascii() and name.isprintable()
        if not text or not number:
            return answer(400, {"detail": "wrong"})
        id = f"j{len(self.shown) + 1}"
        self.jobs[id] = {"id": id, "name": name, "rows": int(rows)}
        self.shown[id] = 0
        return answer(self.form.status, self._show(id))

    def _show(self, id: str) -> dict[str, Any]:
        done = self.shown[id] >= self.pace
        self.shown[id] += 1
        return self.jobs[id] | (self.form.last if done else self.form.first)


def answer(status: int, body: Any) -> Response:
    return Response(status, (("Content-Type", "application/json"),), json_bytes(body))


COMPARING = ("consistent_representations/", "read_after_write/", "state_transitions/", "removals/")


def run(form: str, pace: int, listed: Show = as_it_is, only: tuple[str, ...] = COMPARING) -> Report:
    now = [1_776_000_000.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    options = Options(live=False, allow_writes=True, exclusive=True, only=only)
    report = verify(
        model(form), Jobs(FORMS[form], pace, listed), Identities({}), options,
        clock=lambda: now[0], sleep=sleep, wall=lambda: "2026-04-12T13:20:00Z", url=URL, timer=lambda: now[0],
    )  # fmt: skip
    assert not [r.reason for r in report.results if "internal error" in r.reason]
    return report


def told(report: Report) -> list[str]:
    """The contracts that are broken or odd."""
    return [r.contract.id for r in report.results if r.verdict.value in ("broken", "odd")]


def compares(report: Report) -> list[str]:
    return [id for id in told(report) if id.startswith("consistent_representations/job/")]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("pace", [1, 2, 3])
def test_job_that_goes_on_between_two_answers_is_nobodys_fault(form: str, pace: int) -> None:
    assert told(run(form, pace)) == []


def test_whole_run_finds_nothing_on_a_server_of_jobs() -> None:
    assert told(run("an enum and null", 2, only=())) == []


def other_name(job: dict[str, Any]) -> dict[str, Any]:
    return job | {"name": f"{job['name']}!"}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("pace", [2, 1000])
def test_list_with_another_value_of_what_was_sent_is_odd(form: str, pace: int) -> None:
    """It is seen whether jobs end while the run lasts, or never."""
    assert compares(run(form, pace, other_name))


@pytest.mark.parametrize("form", [name for name in FORMS if name != "a 202 in other words"])
def test_list_that_stays_behind_a_job_that_is_done_is_odd(form: str) -> None:
    """Words in another language do not tell which of two states is the last."""

    def stale(job: dict[str, Any]) -> dict[str, Any]:
        return job | FORMS[form].first

    assert compares(run(form, 0, stale))


def test_list_with_another_size_of_a_job_that_is_done_is_odd() -> None:
    def other_size(job: dict[str, Any]) -> dict[str, Any]:
        return job if job["size"] is None else job | {"size": 71}

    assert compares(run("an enum and null", 2, other_size))
