"""The Location of a create, where the answer says that the work is done or only begun."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pgagents.base.http import Request, Response
from small_api import Notes, answer, verified, with_resource

JOB = """
  get_task:
    title: Get a task
    description: Gets a task of the server.
    http: GET /tasks/{task_id}
    effect: read
    input: {task_id: {type: string, minLength: 1, maxLength: 40, required: true}}
    output: {200: {type: object, properties: {state: {type: string}}}}
    errors: [NOT_FOUND, REFUSED]
surfaces:"""
LOCATION = "headers: {Location: {type: string, description: Where it is, required: false}}"
CONTRACT = "location/create_note@rest"


def judge_location(status: int, location: str, *changes: tuple[str, str]) -> str:
    """Return the verdict on a server whose creates have this status and Location."""
    model = with_resource(
        ("    output: {201: {$ref: Note}}", f"    output: {{{status}: {{$ref: Note, {LOCATION}}}}}"),
        ("\nsurfaces:", JOB),
        *changes,
    )
    server = Notes()

    def handler(request: Request) -> Response:
        request = replace(request, target=request.target.removeprefix("/v1"))
        if request.path.startswith("/tasks/"):
            return answer(200, {"state": "running"})
        if request.target.endswith("?moved=1"):
            return Response(301, (("Location", request.path),))
        told = server(request)
        if told.status != 201:
            return told
        id = list(server.notes)[-1]
        where = location.replace("ID", id)
        return replace(told, status=status, headers=(*told.headers, ("Location", where)))

    report = verified(model, handler, allow_writes=True, only=("location/",))
    return next(r.verdict.value for r in report.results if r.contract.id == CONTRACT)


@pytest.mark.parametrize(
    ("status", "location", "verdict"),
    [
        (201, "/notes/ID", "kept"),
        (200, "/notes/ID", "kept"),
        (200, "/tasks/t1", "not_applicable"),
        (202, "/notes/ID", "kept"),
        (202, "/tasks/t1", "not_applicable"),
        (202, "/operations/t1", "not_applicable"),
        (202, "/notes/n999", "untested"),
        (201, "/tasks/t1", "broken"),
        (201, "/notes/n999", "broken"),
    ],
)
def test_location_of_work_that_only_began_may_lead_to_its_state(
    status: int, location: str, verdict: str
) -> None:
    assert judge_location(status, location) == verdict


@pytest.mark.parametrize(
    ("location", "verdict"),
    [
        ("/v1/notes/ID", "kept"),
        ("/notes/ID", "odd"),
        ("/ID", "odd"),
        ("ID", "untested"),
        ("/other/ID", "untested"),
        ("/notes/n999", "untested"),
        ("https://elsewhere.example/notes/ID", "untested"),
    ],
)
def test_location_without_the_beginning_of_its_path_is_odd(location: str, verdict: str) -> None:
    whole = [f"http: {method} /notes\n" for method in ("GET", "POST")]
    parts = [f"http: {method} /notes/{{" for method in ("GET", "PUT", "DELETE")]
    changes = [(path, path.replace("/notes", "/v1/notes")) for path in (*whole, *parts)]
    assert judge_location(201, location, *changes) == verdict


VERSION = """
  get_version:
    title: Get a version
    description: Gets a version of a note.
    http: GET /notes/{note_id}/_history/{version}
    effect: read
    input:
      note_id: {type: string, minLength: 1, maxLength: 40, required: true, refers_to: note}
      version: {type: string, minLength: 1, maxLength: 40, required: true}
    output: {200: {$ref: Note}}
    errors: [NOT_FOUND, REFUSED]
surfaces: {rest"""


def test_location_of_the_first_version_is_below_the_new_instance() -> None:
    """The Location of FHIR's create has the version, too."""
    assert judge_location(201, "/notes/ID/_history/1", ("\nsurfaces: {rest", VERSION)) == "untested"


def test_location_that_is_redirected_may_lead_to_the_new_instance() -> None:
    """Django redirects to the path with a slash at its end."""
    assert judge_location(201, "/notes/ID?moved=1") == "untested"


def test_location_of_another_instance_is_found_in_a_202_too() -> None:
    assert judge_location(202, "/notes/n1") == "broken"


def test_location_that_leads_to_what_this_run_does_not_call_accuses_nobody() -> None:
    called = "surfaces: {rest: {actions: [list_notes, create_note, get_note, change_note, delete_note]}}"
    assert judge_location(201, "/tasks/t1", ("surfaces: {rest: {actions: all}}", called)) == "untested"
