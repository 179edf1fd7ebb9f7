"""Codes of errors are judged only where a catalogue says by which error a mistake is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from importing import imported, openapi, taking
from inprocess import inside, over_tls, verify_sandbox
from overlaying import over
from pgagents.base.http import Request, Response, json_bytes, read_json
from pgagents.base.places import Text
from pgagents.catalogue.model.answers import Code, ErrorReader
from pgagents.report.contract import Verdict
from pgagents.verify.fixtures.request_template import find_refusal
from pgagents.verify.plan.options import Options
from pgagents.verify.wire.call import InstanceRef
from small_api import KEY, NOTES, Notes, answer, catalogue, verified, with_resource
from verifying import ROOT, model

MIB = 1_048_576
CODES = {401: "unauthorized", 404: "not_found", 405: "method_not_allowed", 422: "text_too_long"}


def test_code_of_a_mistake_that_the_catalogue_says_nothing_of_is_open() -> None:
    """Documents name no errors of the framework, so a code that only 405 has breaks nothing."""

    def wrong_method(_: Notes, request: Request) -> Response | None:
        told = {"detail": "no such method", "code": "NO_METHOD"}
        return answer(405, told, Allow="GET") if request.method in ("OPTIONS", "PGVERIFY") else None

    def find_verdict(*changes: tuple[str, str]) -> Verdict | None:
        model = catalogue(NOTES, ("code_at: null", "code_at: code"), *changes)
        report = verified(model, Notes(before=wrong_method))
        return {r.contract.id: r.verdict for r in report.results}.get("error_codes/framework@rest")

    assert find_verdict() is not Verdict.BROKEN
    said = ("framework: {invalid: REFUSED,", "framework: {invalid: REFUSED, wrong_method: WRONG_METHOD,")
    code = ("    NOT_FOUND: {", "    WRONG_METHOD: {status: 405, meaning: Not this}\n    NOT_FOUND: {")
    assert find_verdict(said, code) is Verdict.BROKEN


def test_codes_that_the_catalogue_does_not_name_are_not_owed() -> None:
    """A catalogue over a document names codes of its actions alone: then exit 3 would stay for ever."""
    report = verified(catalogue(NOTES, ("code_at: null", "code_at: code")), Notes())
    result = next(r for r in report.results if r.contract.id == "error_codes/framework@rest")
    assert (result.verdict, result.excused) == (Verdict.UNTESTED, True)
    assert "framework: {unknown_path: CODE" in result.reason


@pytest.mark.matrix
def test_file_that_is_too_large_may_be_refused_as_a_body_that_is_too_large() -> None:
    """A framework may measure the whole body first. Another code of the action is still wrong."""
    documents = model(ROOT / "tests" / "catalogues" / "documents.yaml")
    contract = "invalid_input/max_bytes/file/upload_document@rest"
    statuses: list[int] = []

    def verdict_of(status: int, code: bytes) -> Verdict | None:
        opened = inside(documents)

        def handler(request: Request) -> Response:
            answer = opened.sandbox.handler(request)
            if request.method != "POST" or len(request.body) <= MIB:
                return answer
            statuses.append(answer.status)
            return replace(answer, status=status, body=answer.body.replace(b"invalid", code))

        report = verify_sandbox(documents, opened, Options(only=(contract,)), handler=over_tls(handler))
        return {r.contract.id: r.verdict for r in report.results}.get(contract)

    assert verdict_of(422, b"invalid") is Verdict.KEPT
    assert verdict_of(413, b"too_large") is Verdict.KEPT
    assert verdict_of(415, b"content_type") is Verdict.BROKEN
    assert statuses


def describe_notes() -> dict[str, Any]:
    """Return a document of the notes. All errors have one schema, which lists every code of the API."""
    listed = [*CODES.values(), "body_no_json", "name_taken", "gone", "no_such_path"]
    error = {
        "type": "object",
        "required": ["code"],
        "properties": {"code": {"type": "string", "enum": listed}},
    }
    note = {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}}
    notes = {"type": "object", "properties": {"notes": {"type": "array", "items": note}}}

    def responses(status: str, schema: dict[str, Any], *refusals: int) -> dict[str, Any]:
        bodies = {status: schema} | {
            str(refusal): {"$ref": "#/components/schemas/Error"} for refusal in refusals
        }
        return {
            name: {"description": "It", "content": {"application/json": {"schema": body}}}
            for name, body in bodies.items()
        }

    text = {
        "type": "object",
        "required": ["text"],
        "properties": {"text": {"type": "string", "minLength": 1, "maxLength": 40}},
    }
    name = {
        "name": "note_id",
        "in": "path",
        "required": True,
        "schema": {"type": "string", "minLength": 1, "maxLength": 40},
    }
    paths = {
        "/notes": {
            "get": {"operationId": "list_notes", "responses": responses("200", notes, 401)},
            "post": {
                "operationId": "create_note",
                "requestBody": taking(text),
                "responses": responses("201", note, 401, 422),
            },
        },
        "/notes/{note_id}": {
            "parameters": [name],
            "get": {"operationId": "get_note", "responses": responses("200", note, 401, 404, 422)},
        },
    }
    schemes = {"key": {"type": "http", "scheme": "bearer", "description": "Test keys begin with `test_`."}}
    components = {"schemas": {"Error": error}, "securitySchemes": schemes}
    return openapi(paths, components=components, security=[{"key": []}])


def telling_codes(unknown: int = 0) -> Any:
    """Return the notes' server with a code in each error; that of the status `unknown` is no listed one."""
    notes = Notes()

    def handler(request: Request) -> Response:
        refusal = notes(request)
        assert isinstance(refusal, Response)
        if refusal.status < 400 or refusal.status not in CODES:
            return refusal
        code = "what" if refusal.status == unknown else CODES[refusal.status]
        if code == "text_too_long" and read_json(request.body).problem and request.method == "POST":
            code = "body_no_json"
        return replace(refusal, body=json_bytes({"code": code}))

    return handler


def test_a_list_of_codes_that_all_statuses_share_promises_no_code_a_status() -> None:
    made = imported(describe_notes())
    assert made.data["errors"]["codes"] == {
        "UNAUTHORIZED": {"status": 401, "meaning": "It"},
        "UNPROCESSABLE": {"status": 422, "meaning": "It"},
        "NOT_FOUND": {"status": 404, "meaning": "It"},
    }
    report = verified(made.model, telling_codes(), keys={"main": KEY}, allow_writes=True)
    assert [(f.contract.id, f.actual) for f in report.findings] == []


def test_a_code_that_no_error_may_have_is_found() -> None:
    report = verified(imported(describe_notes()).model, telling_codes(unknown=401), allow_writes=True)
    broken = {r.contract.id for r in report.results if r.verdict is Verdict.BROKEN}
    assert broken >= {"error_envelope/create_note@rest", "error_envelope/list_notes@rest"}


def test_the_place_of_one_code_says_more_than_that_of_all() -> None:
    """All errors say `error.code`; the text beside it tells one of them from the others of its status."""

    def one(name: str, value: str, place: str) -> Code:
        return replace(catalogue().codes["REFUSED"], name=Text(name), wire=value, code_at=place)

    invalid, backwards = (
        one("invalid", "param_invalid", "error.code"),
        one("late", "too late", "error.message"),
    )
    reader = ErrorReader({"invalid": invalid, "late": backwards}, "error.code")
    both = {"error": {"code": "param_invalid", "message": "too late"}}
    assert reader.read(422, both).code is backwards
    assert reader.read(400, both).code is backwards
    assert reader.read(422, {"error": {"code": "param_invalid", "message": "no"}}).code is invalid
    assert reader.read(422, {"error": {"code": "other", "message": "no"}}).said == "other"


def test_a_condition_of_a_code_that_all_may_answer_is_tried_where_its_argument_is() -> None:
    changes = (
        ("always: [UNAUTHORIZED]", "always: [UNAUTHORIZED, TAKEN]"),
        (
            "    NOT_FOUND: {",
            "    TAKEN: {status: 409, meaning: No, when: 'input.text == \"taken\"'}\n    NOT_FOUND: {",
        ),
    )
    report = verified(catalogue(NOTES, *changes), Notes(), allow_writes=True)
    tried = {r.contract.id for r in report.results if r.contract.check == "declared_refusals"}
    assert tried == {f"declared_refusals/TAKEN/{name}@rest" for name in ("create_note", "change_note")}


def test_a_condition_on_what_is_left_out_is_tried_where_it_may_be() -> None:
    """Where only the run knew the text, it counted as left out, and the right create was said to be lax."""
    optional = (
        "maxLength: 40, required: true}\n    output: {200: {$ref: Note}}\n    errors: [NOT_FOUND, REFUSED]"
    )
    model = with_resource(
        ("    REFUSED: {", "    REFUSED: {when: '!has(input.text)', "),
        (
            f"      text: {{type: string, minLength: 1, {optional}",
            "      text: {type: string, minLength: 1, " + optional.replace(", required: true", ""),
        ),
        ("input: {text: hello}", "input: {text: =fresh.text}"),
    )
    report = verified(model, Notes(), allow_writes=True)
    refusals = {
        r.contract.id.split("/")[-1]: r.verdict
        for r in report.results
        if r.contract.check == "declared_refusals"
    }
    assert refusals == {"create_note@rest": Verdict.UNTESTED, "change_note@rest": Verdict.KEPT}


LIVE = InstanceRef("note")


@pytest.mark.parametrize(
    ("condition", "text", "met"),
    [
        ("has(input.text)", LIVE, True),
        ("input.text == input.note_id", LIVE, False),
        ("input.text == input.note_id", "n1", False),
        ("input.text < input.note_id", LIVE, False),
        ("size(input.text) == 2.0", [LIVE, LIVE], True),
    ],
)
def test_what_only_the_run_knows_is_there_and_equals_nothing(condition: str, text: object, met: bool) -> None:
    model = with_resource(("    REFUSED: {", f"    REFUSED: {{when: '{condition}', "))
    given = {"note_id": InstanceRef("note"), "text": text}
    assert (find_refusal(model.action("change_note"), given) is not None) is met


def test_a_header_of_a_documents_operations_is_not_wanted_where_no_operation_is() -> None:
    document = describe_notes()
    left = {"X-Left": {"required": True, "schema": {"type": "string"}}}
    for path in document["paths"].values():
        for operation in (path[key] for key in path.keys() & {"get", "post"}):
            for response in operation["responses"].values():
                response["headers"] = left
    model, notes = over("", document), telling_codes()

    def handler(request: Request) -> Response:
        answer = notes(request)
        is_operation = request.path == "/notes" or request.path.startswith("/notes/")
        wanted = is_operation and request.method in ("GET", "POST") and request.path != "/notes/"
        return replace(answer, headers=(*answer.headers, ("X-Left", "1"))) if wanted else answer

    report = verified(model, handler, keys={"main": KEY}, allow_writes=True)
    found = {r.contract.id: r.verdict for r in report.results if r.contract.check == "response_headers"}
    assert found
    assert Verdict.BROKEN not in found.values()
