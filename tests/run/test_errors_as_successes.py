"""An error that comes with the status of a success proves nothing of the call, and is the better finding."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from importing import imported, openapi
from pgagents.base.http import Request, Response, read_json
from pgagents.catalogue.model.model import Model
from pgagents.importer.catalogue import Choice
from pgagents.report.contract import Verdict
from pgagents.report.report import Report
from small_api import Notes, answer, verified, with_resource

ERROR = "  Error: {type: object, properties: {detail: {type: string}}, required: [detail]}\n"
NOTE = "    properties: {id: {type: string}, text: {type: string}}\n    required: [id, text]\n"
SUCCESS, FAILURE = "code: {type: integer, examples: [0]}", "code: {type: integer, examples: [1]}"


@cache
def strict() -> Model:
    """Return the catalogue of notes as it is: an error has a `detail`, a note an id and a text."""
    return with_resource()


@cache
def loose() -> Model:
    """Return a catalogue in which only a number tells an error from a note."""
    return with_resource(
        (ERROR, f"  Error: {{type: object, properties: {{{FAILURE}, detail: {{type: string}}}}}}\n"),
        (NOTE, f"    properties: {{{SUCCESS}, id: {{type: string}}, text: {{type: string}}}}\n"),
    )


def refuse_with_200(_: Notes, request: Request) -> Response | None:
    """Refuse every read of one note, by its body alone."""
    named = request.method == "GET" and request.path != "/notes"
    return answer(200, {"code": 1, "detail": "no such note"}) if named else None


def run(model: Model, odd: object = refuse_with_200) -> Report:
    """Run against the server."""
    return verified(model, Notes(odd=odd) if odd else Notes())  # type: ignore[arg-type]


def list_ids(report: Report, verdict: Verdict, action: str = "get_note") -> set[str]:
    """Return the checks with a verdict on an action."""
    return {r.contract.check for r in report.results if r.verdict is verdict and r.contract.action == action}


@pytest.mark.parametrize("model", [strict, loose])
def test_a_refusal_in_the_body_keeps_nothing_that_builds_on_success(model: object) -> None:
    report = run(model())  # type: ignore[operator]
    kept = list_ids(report, Verdict.KEPT)
    assert not kept & {"valid_calls", "response_schema", "read_after_write", "honours_manifest"}
    reasons = {r.reason for r in report.results if r.contract.id == "valid_calls/ordinary/get_note@rest"}
    assert reasons == {"it was answered 200 with the body of the documented error 404"}
    assert report.exit_code != 0


def test_the_error_is_the_finding_where_it_does_not_fit_the_success() -> None:
    report = run(strict())
    found = next(f for f in report.findings if f.contract.check == "response_schema")
    assert found.expected.startswith("the body of a success, or the status")
    assert found.actual == "200 with the body of the documented error"


@pytest.mark.parametrize("model", [strict, loose])
def test_a_right_server_is_judged_as_before(model: object) -> None:
    report = run(model(), None)  # type: ignore[operator]
    assert report.findings == ()
    assert "valid_calls" in list_ids(report, Verdict.KEPT)
    assert report.exit_code == 0


PADS = {
    "/pads": {
        "get": {
            "operationId": "list_pads",
            "parameters": [{"name": "group", "in": "query", "required": True, "schema": {"type": "string"}}],
            "responses": {
                "200": {"description": "ok", "content": {"application/json": {"schema": {
                    "type": "object",
                    "properties": {"code": {"type": "integer", "example": 0}, "data": {"type": "object"}},
                }}}},
                "400": {"description": "no", "content": {"application/json": {"schema": {
                    "type": "object",
                    "properties": {"code": {"type": "integer", "example": 1}, "message": {"type": "string"}},
                }}}},
            },
        }
    }
}  # fmt: skip


@pytest.mark.parametrize(
    ("body", "verdict"),
    [
        ({"code": 1, "message": "groupID does not exist", "data": None}, Verdict.UNTESTED),
        ({"code": 1, "message": "groupID does not exist"}, Verdict.UNTESTED),
        ({"code": 0, "data": {"padIDs": []}}, Verdict.KEPT),
    ],
)
def test_a_document_tells_an_error_by_the_example_of_its_code(body: dict[str, Any], verdict: Verdict) -> None:
    model = imported(openapi(PADS)).model
    report = verified(model, lambda _: answer(200, body), keys={}, only=("valid_calls",))
    rest = [r for r in report.results if r.contract.surface == "rest"]
    assert {r.verdict for r in rest if r.contract.id.startswith("valid_calls/ordinary")} == {verdict}


def test_a_wrong_success_that_is_no_error_is_found_by_its_own_member() -> None:
    def lack_text(server: Notes, request: Request) -> Response | None:
        named = request.method == "GET" and request.path.rpartition("/")[2] in server.notes
        return answer(200, {"id": request.path.rpartition("/")[2]}) if named else None

    found = next(f for f in run(strict(), lack_text).findings if f.contract.check == "response_schema")
    assert "text" in found.actual


RPC_ERROR = {
    "type": "object",
    "properties": {"id": {"type": "integer"}, "error": {"type": "object"}},
    "required": ["id", "error"],
}
RPC_RESULT = {
    "type": "object",
    "properties": {"id": {"type": "integer"}, "result": {"type": "array"}},
    "required": ["id", "result"],
}


@pytest.mark.parametrize(
    ("alternatives", "keyword"),
    [
        ([RPC_RESULT, {"$ref": "#/components/schemas/Error"}], "oneOf"),
        ([{"$ref": "#/components/schemas/Error"}, RPC_RESULT], "anyOf"),
    ],
)
def test_an_error_that_a_success_lists_is_no_accepted_call(alternatives: list[Any], keyword: str) -> None:
    """JSON-RPC answers 200 to a call that it refuses, and its document says so."""
    document = openapi({"/rpc/notes.list": {"post": {
        "operationId": "notes.list",
        "requestBody": {"required": True, "content": {"application/json": {"schema": {
            "type": "object",
            "required": ["id"],
            "properties": {"id": {"type": "integer", "minimum": 0}},
        }}}},
        "responses": {
            "200": {"description": "ok", "content": {"application/json": {"schema": {
                keyword: alternatives,
            }}}},
            "default": {"description": "no", "content": {"application/json": {"schema": {
                "$ref": "#/components/schemas/Error"
            }}}},
        },
    }}}, components={"schemas": {"Error": RPC_ERROR}})  # fmt: skip

    def serve(request: Request) -> Response:
        body = read_json(request.body).value
        id = body.get("id") if isinstance(body, dict) else None
        if isinstance(id, bool) or not isinstance(id, int | float) or id < 0 or id % 1:
            return answer(200, {"id": 0, "error": {"code": -32602}})
        return answer(200, {"id": id, "result": []})

    model = imported(document, Choice(reads=("notes.list",))).model
    report = verified(model, serve, keys={}, only=("invalid_input", "valid_calls"))
    rest = [result for result in report.results if result.contract.surface == "rest"]
    assert report.findings == ()
    ordinary = [r for r in rest if r.contract.id.startswith("valid_calls/ordinary")]
    assert {r.verdict for r in ordinary} == {Verdict.KEPT}
    refused = [r for r in rest if r.contract.check == "invalid_input"]
    assert {r.verdict for r in refused} == {Verdict.UNTESTED}
    lax = verified(model, lambda _: answer(200, {"id": 0, "result": []}), keys={}, only=("invalid_input",))
    least = next(r for r in lax.results if r.contract.id.startswith("invalid_input/minimum/id/"))
    assert least.verdict is Verdict.BROKEN


def test_an_error_with_a_json_type_of_its_own_is_known_under_a_success() -> None:
    """The server says `application/problem+json` and 200."""
    problems = with_resource(
        ("  message_at: detail", "  message_at: detail\n  content_type: application/problem+json")
    )

    def odd(_: Notes, request: Request) -> Response | None:
        named = request.method == "GET" and request.path != "/notes"
        body = b'{"detail": "no such note"}'
        return Response(200, (("Content-Type", "application/problem+json"),), body) if named else None

    found = next(f for f in run(problems, odd).findings if f.contract.check == "response_schema")
    assert found.actual == "200 with the body of the documented error"
