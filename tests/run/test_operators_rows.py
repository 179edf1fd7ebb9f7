"""What only an operator makes: each key lists it, and a create that needs it refuses a made-up one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from importing import holding, imported, openapi, taking
from pgagents.base.http import Request, Response, json_bytes
from pgagents.importer.catalogue import Choice
from pgagents.importer.places import open_source
from pgagents.report.contract import Verdict
from pgagents.report.report import Report
from small_api import verified

KEYS = {"main": "key-of-ada-1", "second": "key-of-bo-22"}
CHECKS = ("valid_calls", "read_after_write", "key_authentication")
TEXT = {"type": "string"}
TARIFFS = [{"id": "t-1", "name": "Day"}, {"id": "t-2", "name": "Night"}]


def _of(**members: Any) -> dict[str, Any]:
    return {"type": "object", "required": list(members), "properties": members}


SCHEMAS = {
    "Tariff": _of(id=TEXT, name=TEXT),
    "Session": _of(id=TEXT, connector_id=TEXT),
    "Error": _of(code=TEXT),
}
TARIFF, SESSION, ERROR = ({"$ref": f"#/components/schemas/{name}"} for name in SCHEMAS)
REFUSED = {status: {"description": "Refused", **holding(ERROR)} for status in ("401", "403", "404", "422")}


def _operation(id: str, status: str, answer: Any, **more: Any) -> dict[str, Any]:
    return {
        "operationId": id,
        "responses": {status: {"description": "It", **holding(answer)}, **REFUSED},
        **more,
    }


def _list(of: Any) -> dict[str, Any]:
    return _of(items={"type": "array", "items": of})


DOCUMENT = openapi(
    {
        "/me": {"get": _operation("get_me", "200", TARIFF)},
        "/tariffs": {
            "get": _operation("list_tariffs", "200", _list(TARIFF)),
            "post": _operation("add_tariff", "201", TARIFF, requestBody=taking(_of(name=TEXT))),
        },
        "/tariffs/{tariff_id}": {
            "parameters": [{"in": "path", "name": "tariff_id", "required": True, "schema": TEXT}],
            "delete": {
                "operationId": "remove_tariff",
                "responses": {"204": {"description": "Gone"}, **REFUSED},
            },
        },
        "/sessions": {
            "get": _operation("list_sessions", "200", _list(SESSION)),
            "post": _operation("start", "201", SESSION, requestBody=taking(_of(connector_id=TEXT))),
        },
        "/notes": {
            "get": _operation("list_notes", "200", _list(SESSION)),
            "post": _operation("add_note", "201", SESSION, requestBody=taking(_of(note=TEXT))),
        },
        "/notes/{note_id}": {
            "parameters": [{"in": "path", "name": "note_id", "required": True, "schema": TEXT}],
            "get": _operation("get_note", "200", SESSION),
        },
        "/sessions/{session_id}": {
            "parameters": [{"in": "path", "name": "session_id", "required": True, "schema": TEXT}],
            "get": _operation("get_session", "200", SESSION),
        },
    },
    components={"schemas": SCHEMAS, "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}},
    security=[{"key": []}],
)


def _serve(request: Request) -> Response:
    if (request.header("Authorization") or "").removeprefix("Bearer ") not in KEYS.values():
        return _answer(401, {"code": "unauthorized"})
    match request.method, request.path:
        case "GET", "/me":
            return _answer(403, {"code": "customers_only"})
        case "GET", "/tariffs":
            return _answer(200, {"items": TARIFFS})
        case "POST", "/tariffs":
            return _answer(403, {"code": "forbidden"})
        case "GET", "/sessions":
            return _answer(200, {"items": []})
        case "GET", "/notes":
            return _answer(200, {"items": []})
        case "POST", "/notes":
            return _answer(422, {"code": "wrong"})
        case "POST", "/sessions":
            return _answer(422, {"code": "unknown_connector"})
    return _answer(404, {"code": "not_found"})


def _answer(status: int, body: Any) -> Response:
    return Response(status, (("Content-Type", "application/json"),), json_bytes(body))


def _run(document: dict[str, Any] = DOCUMENT) -> Report:
    made = imported(document, Choice(second=True), offering=False)
    places = made.places, made.schemes, made.bases
    source = open_source(made.document, "openapi.json", made.data, *places)
    of = replace(made.model, source=source)
    return verified(of, _serve, keys=KEYS, allow_writes=True, only=CHECKS)


def test_read_that_this_key_may_not_call_shows_nothing_of_the_scheme_in_small_letters() -> None:
    told = {r.contract.id: (r.verdict, r.reason) for r in _run().results}
    assert told["key_authentication/either_case/get_me@rest"] == (
        Verdict.UNTESTED,
        "with its key as usual it was answered 403",
    )


def test_text_that_is_named_as_its_collection_is_no_reference() -> None:
    told = {r.contract.id: r.verdict for r in _run().results}
    assert told["valid_calls/ordinary/add_note@rest"] is Verdict.BROKEN


def test_scheme_in_small_letters_is_shown_by_the_call_that_was_refused() -> None:
    paths = {path: each for path, each in DOCUMENT["paths"].items() if path != "/me"}
    (finding,) = (
        f for f in _run({**DOCUMENT, "paths": paths}).findings if f.contract.detail == "either_case"
    )
    assert (finding.exchanges[-1].request.header("Authorization") or "").startswith("bearer ")


def test_nothing_is_said_of_rows_that_every_key_lists_and_of_a_made_up_reference() -> None:
    told = {r.contract.id: (r.verdict, r.reason) for r in _run().results}
    verdict, reason = told["read_after_write/not_listed/tariff/list_tariffs@rest"]
    assert (verdict, reason) == (
        Verdict.UNTESTED,
        "the tariff in the list may not be one that this run made",
    )
    verdict, reason = told["valid_calls/ordinary/start@rest"]
    assert (verdict, reason.partition(",")[0]) == (
        Verdict.UNTESTED,
        "connector_id is an id that was made up",
    )
