"""The exit code of a run on a right server: 0 for what no run of this kind can try, 3 for what it owes."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from importing import imported, openapi
from pgagents.base.http import Request, Response
from pgagents.catalogue.model.model import Model
from pgagents.importer.places import open_source
from pgagents.report.contract import Verdict
from pgagents.report.formats.text import MAX_OPTIONS, render
from pgagents.report.lines import group_untried, list_permissions
from pgagents.report.reason import Reason
from pgagents.report.report import Report
from pgagents.verify.checks.rest import content_type
from pgagents.verify.plan.selection import NO_WRITES
from small_api import Notes, answer, catalogue, verified, with_resource

NOTE = {
    "type": "object",
    "required": ["id", "text"],
    "properties": {"id": {"type": "string"}, "text": {"type": "string"}},
}
ERROR = {"type": "object", "required": ["detail"], "properties": {"detail": {"type": "string"}}}
TEXT = {"type": "string", "minLength": 1, "maxLength": 40}
BODY = {
    "required": True,
    "content": {
        "application/json": {"schema": {"type": "object", "required": ["text"], "properties": {"text": TEXT}}}
    },
}


def respond_with(status: int, schema: Any = None) -> dict[str, Any]:
    """Return the documented answers: a success, and the refusals of this server."""
    content = {} if schema is None else {"content": {"application/json": {"schema": schema}}}
    refused = {"description": "Refused", "content": {"application/json": {"schema": ERROR}}}
    return {str(status): {"description": "Done", **content}, "401": refused, "404": refused, "422": refused}


@cache
def crud() -> Model:
    """Return what is made of the document of the server of notes."""
    named = {"name": "note_id", "in": "path", "required": True, "schema": TEXT}
    every = {
        "type": "object",
        "required": ["notes"],
        "properties": {"notes": {"type": "array", "items": NOTE}},
    }
    paths = {
        "/notes": {
            "get": {"operationId": "list_notes", "responses": respond_with(200, every)},
            "post": {"operationId": "create_note", "requestBody": BODY, "responses": respond_with(201, NOTE)},
        },
        "/notes/{note_id}": {
            "parameters": [named],
            "get": {"operationId": "get_note", "responses": respond_with(200, NOTE)},
            "put": {"operationId": "change_note", "requestBody": BODY, "responses": respond_with(200, NOTE)},
            "delete": {"operationId": "delete_note", "responses": respond_with(204)},
        },
    }
    key = {"securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}}
    return imported(openapi(paths, components=key, security=[{"key": []}])).model


def by_verdict(report: Report, verdict: Verdict) -> dict[str, str]:
    """Return the reasons of the contracts with a verdict, by id."""
    return {r.contract.id: r.reason for r in report.results if r.verdict is verdict}


@pytest.mark.parametrize("writes", [False, True])
def test_a_document_of_a_right_server_ends_with_exit_0(writes: bool) -> None:
    report = verified(crud(), Notes(), allow_writes=writes)
    assert by_verdict(report, Verdict.BROKEN) == {}
    assert report.exit_code == 0, by_verdict(report, Verdict.UNTESTED)


def test_a_success_without_a_body_has_no_content_type_to_judge() -> None:
    report = verified(crud(), Notes(), allow_writes=True, only=("content_type",))
    idle = by_verdict(report, Verdict.NOT_APPLICABLE)
    assert "content_type/delete_note@rest" not in by_verdict(report, Verdict.UNTESTED)
    if "content_type/delete_note@rest" in idle:
        assert idle["content_type/delete_note@rest"] == "a 204 has no body, and no answer with one came"


def test_a_wrong_content_type_of_a_refusal_is_found_behind_a_204() -> None:
    def refuse_as_text(_: Notes, request: Request) -> Response | None:
        gone = request.method == "DELETE" and request.path.rpartition("/")[2] == "no-such-note"
        return Response(404, (("Content-Type", "text/plain"),), b'{"detail": "no"}') if gone else None

    report = verified(with_resource(), Notes(odd=refuse_as_text))
    assert "content_type/delete_note@rest" in by_verdict(report, Verdict.BROKEN)


@cache
def live() -> Model:
    """Return the author's own catalogue of notes, with a key that is not a test key."""
    return with_resource(("prefixes: {test_: test}", "prefixes: {test_: live}"))


def test_a_run_that_only_reads_names_the_flag_for_what_only_writes_show() -> None:
    report = verified(live(), Notes())
    left_out = by_verdict(report, Verdict.NOT_SELECTED)
    assert left_out["id_comparison/get_note@rest"] == NO_WRITES
    assert left_out["consistent_representations/note/list_notes@rest"] == NO_WRITES
    assert by_verdict(report, Verdict.UNTESTED) == {}
    assert report.exit_code == 0


def test_a_read_of_ones_own_catalogue_that_never_succeeds_is_owed() -> None:
    def refuse_all(_: Notes, request: Request) -> Response | None:
        return answer(422, {"detail": "no"}) if request.path == "/notes" else None

    changed = ("    output: {200: {type: object", "    errors: [REFUSED]\n    output: {200: {type: object")
    model = with_resource(("prefixes: {test_: test}", "prefixes: {test_: live}"), changed)
    report = verified(model, Notes(odd=refuse_all))
    assert report.exit_code != 0


MADE_UP = "note_id is an id that was made up"
"""The beginning of the reason where no resource gives an action its ids."""


def test_an_id_that_ones_own_catalogue_does_not_give_is_owed_and_of_a_document_it_is_not() -> None:
    own = verified(catalogue(), Notes(), allow=("change_note", "delete_note"))
    assert any(reason.startswith(MADE_UP) for reason in by_verdict(own, Verdict.UNTESTED).values())
    assert own.exit_code == 3
    groups = [group for group in group_untried(own, catalogue().source) if group.reason.startswith(MADE_UP)]
    lines = [line for group in groups for line in group.lines]
    assert "resources: {note: {made_by: {action: ACTION}}}" in lines[0]
    assert "{input: {note_id: {refers_to: note}}}" in lines[0]
    document = replace(catalogue(), source=open_source("{}", "openapi.json", {}, {}))
    assert verified(document, Notes(), allow=("change_note", "delete_note")).exit_code == 0
    strict = verified(document, Notes(), allow=("change_note", "delete_note"), counts_untried=True)
    assert strict.exit_code == 3


def test_what_only_a_flag_would_let_pass_is_not_selected() -> None:
    report = verified(catalogue(), Notes())
    left_out = by_verdict(report, Verdict.NOT_SELECTED)
    assert left_out["valid_calls/ordinary/delete_note@rest"].endswith("--allow delete_note would call it")
    assert left_out["response_schema/200/change_note@rest"].endswith("--allow change_note would call it")


def test_an_error_of_the_tester_is_owed_by_a_document_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> str:
        raise ZeroDivisionError("of ours")

    monkeypatch.setattr(content_type, "_find_expected_type", fail)
    report = verified(crud(), Notes(), only=("content_type", "valid_calls"))
    failed = [why for why in by_verdict(report, Verdict.UNTESTED).values() if "internal error" in why]
    assert failed
    assert all("of ours (verify/checks/rest/content_type.py:" in why for why in failed)
    assert report.exit_code == 3


def test_all_permissions_that_a_run_misses_are_one_line() -> None:
    of = catalogue()
    waiting, options = list_permissions(verified(of, Notes(), allow_writes=True))
    assert (waiting > 0, sorted(options)) == (
        True,
        ["--allow change_note", "--allow create_note", "--allow delete_note"],
    )


def test_the_line_to_copy_lets_nothing_of_others_be_changed() -> None:
    """Superset 6.1.0: the line had `--allow replace_security_user` for the caller's own user, and
    `--allow delete_dashboards` for all.
    """
    row = {"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}}}
    one = {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}
    changed = {"requestBody": BODY, "responses": respond_with(200, row)}
    paths = {
        "/people": {
            "get": {"responses": respond_with(200, {"type": "array", "items": row})},
            "delete": {"operationId": "delete_people", "responses": respond_with(204)},
        },
        "/people/{id}": {
            "parameters": [one],
            "get": {"responses": respond_with(200, row)},
            "put": {"operationId": "change_person", **changed},
        },
        "/check": {"post": {"operationId": "check", **changed}},
    }

    def serve(request: Request) -> Response:
        shown = {"/people": [{"id": 1}], "/people/1": {"id": 1}}.get(request.path)
        return answer(200, shown) if shown and request.method == "GET" else answer(404, {"detail": "none"})

    report = verified(imported(openapi(paths)).model, serve, keys={}, allow_writes=True)
    reasons = {r.reason for r in report.results}
    assert any("--allow delete_people would call it" in reason for reason in reasons)
    assert any("--allow change_person would call it" in reason for reason in reasons)
    assert list_permissions(report)[1] == ["--allow check"]


def test_the_line_to_copy_begins_with_what_most_wait_for_and_cuts_no_option() -> None:
    """LNbits 1.6.2 has 150 options, of which a line of 2,000 characters ended within one, 2026-11-29."""
    report = verified(catalogue(), Notes(), only=("valid_calls",))
    first = report.results[0]
    waits = [
        replace(first, verdict=Verdict.NOT_SELECTED, reason=Reason("no", (f"--allow do_{n:03}",)))
        for n in range(MAX_OPTIONS + 2)
        for _ in range(n + 1)
    ]
    text = render(replace(report, results=tuple(waits)), catalogue().source)
    lines = text.splitlines()
    at = next(n for n, line in enumerate(lines) if line.startswith("to try "))
    assert lines[at].endswith("; 2 more options in a JSON report:")
    assert lines[at + 1].split("--allow ")[1:3] == ["do_041 ", "do_040 "]
    assert lines[at + 1].endswith("--allow do_002")


def test_a_call_whose_errors_have_no_code_in_their_bodies_promises_none() -> None:
    code = (
        "    NOT_FOUND: {status: 404, meaning",
        "    LOCKED: {status: 423, code_at: detail, meaning: Locked}\n    NOT_FOUND: {status: 404, meaning",
    )
    of = with_resource(code, ("errors: [REFUSED]", "errors: [REFUSED, LOCKED]"))
    ids = {r.contract.id for r in verified(of, Notes(), allow_writes=True, only=("error_codes",)).results}
    assert "error_codes/create_note@rest" in ids
    assert "error_codes/get_note@rest" not in ids
