"""A run that knows a document alone sends each optional text of a read alone, with a made-up value."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl

import pytest

from importing import imported, openapi
from pgagents.base.http import Request, Response
from pgagents.report.contract import Verdict
from pgagents.report.report import Report
from pgagents.verify.cases.boundary import boundary_value
from pgagents.verify.setting import setting_of
from small_api import NOTES, Notes, answer, catalogue, verified

ITEM = {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}}
TEXT: dict[str, Any] = {"anyOf": [{"type": "string"}, {"type": "null"}]}


def answers_with(schema: dict[str, Any], *statuses: str) -> dict[str, Any]:
    """The answers of an operation: this one, and refusals without a body."""
    content = {"application/json": {"schema": schema}}
    return {status: {"description": "No"} for status in statuses} | {
        "200": {"description": "So", "content": content}
    }


def document(*statuses: str) -> dict[str, Any]:
    """A document of one list with a cursor, a word, and a number; it names further statuses."""
    arguments = {"cursor": TEXT, "word": {"type": "string"}, "limit": {"type": "integer", "minimum": 1}}
    answers: dict[str, Any] = {status: {"description": "No"} for status in statuses}
    answers["200"] = {
        "description": "All",
        "content": {"application/json": {"schema": {"type": "array", "items": ITEM}}},
    }
    parameters = [{"name": name, "in": "query", "schema": schema} for name, schema in arguments.items()]
    return openapi(
        {"/things": {"get": {"operationId": "list_things", "parameters": parameters, "responses": answers}}}
    )


def run(status: int, *statuses: str) -> tuple[Report, list[dict[str, str]]]:
    """Verify a server that answers this to a cursor; return the report and the arguments of all calls."""
    calls = []

    def serve(request: Request) -> Response:
        given = dict(parse_qsl(request.target.partition("?")[2]))
        calls.append(given)
        return answer(status, {"detail": "cursor"}) if "cursor" in given else answer(200, [{"id": "a"}])

    model = imported(document(*statuses), offering=False).model
    return verified(
        model, serve, keys={}, only=("no_crashes/list_things", "documented_status/list_things")
    ), calls


def verdicts(report: Report) -> dict[str, Verdict]:
    return {r.contract.check: r.verdict for r in report.results if r.verdict is not Verdict.NOT_SELECTED}


def test_a_text_that_crashes_the_server_is_found() -> None:
    report, calls = run(500)
    assert verdicts(report)["no_crashes"] is Verdict.BROKEN
    assert {"cursor", "word"} <= {name for given in calls if len(given) == 1 for name in given}


def test_a_search_that_takes_its_text_for_a_regular_expression_is_found() -> None:
    def serve(request: Request) -> Response:
        word = dict(parse_qsl(request.target.partition("?")[2])).get("word", "")
        try:
            re.compile(word)
        except re.error:
            return answer(500, {"detail": "internal"})
        return answer(200, [{"id": "a"}])

    report = verified(
        imported(document(), offering=False).model, serve, keys={}, only=("no_crashes/list_things",)
    )
    assert verdicts(report)["no_crashes"] is Verdict.BROKEN


LISTED = pytest.mark.parametrize("listed", [True, False], ids=["ids are known", "nothing may be made"])


@pytest.mark.parametrize(
    ("status", "verdict"), [(500, Verdict.BROKEN), (400, Verdict.KEPT), (404, Verdict.KEPT)]
)
@LISTED
def test_a_text_in_the_path_that_names_nothing_is_read_beside_known_ones(
    status: int, verdict: Verdict, listed: bool
) -> None:
    """Superset 6.1.0 answers 500 to `GET /chart/x`, and the numbers that its list shows are not texts."""
    shown = answers_with({"type": "array", "items": ITEM}), answers_with(ITEM, "400", "404")
    id = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
    new = {"operationId": "create_thing", "responses": answers_with(ITEM)}  # the run may not write
    paths = {
        "/things": {"get": {"operationId": "list_things", "responses": shown[0]}}
        if listed
        else {"post": new},
        "/things/{id}": {"get": {"operationId": "get_thing", "parameters": [id], "responses": shown[1]}},
    }

    def serve(request: Request) -> Response:
        last = request.path.rpartition("/")[2]
        known = {"things": [{"id": "a"}], "a": {"id": "a"}}.get(last)
        return answer(200, known) if known else answer(status if last.startswith("pgv") else 404, {})

    model = imported(openapi(paths), offering=False).model
    found = verdicts(verified(model, serve, keys={}, only=("no_crashes/get_thing",)))
    # without anything that is there, a refusal alone shows nothing
    assert found.get("no_crashes") is (verdict if listed or status >= 500 else None)


@pytest.mark.parametrize("status", [400, 404, 422])
def test_a_documented_refusal_of_a_made_up_text_is_right(status: int) -> None:
    report, _ = run(status, str(status))
    assert set(verdicts(report).values()) == {Verdict.KEPT}


def test_an_author_says_which_texts_are_sent() -> None:
    of = catalogue(
        NOTES,
        (
            "    http: GET /notes\n    effect: read\n",
            "    http: GET /notes\n    effect: read\n    input: {q: {type: string}}\n",
        ),
    )
    server = Notes()
    verified(of, server, only=("no_crashes/list_notes",))
    assert not [request.target for request in server.log if "q=pgv" in request.target]


def test_a_change_of_nothing_is_not_sent_where_the_document_may_forbid_it() -> None:
    """An empty object is refused by many servers, and `minProperties` of a body is not kept by an import."""
    body = {
        "type": "object",
        "minProperties": 1,
        "properties": {"name": {"type": "string"}, "city": {"type": "string"}},
    }
    thing = {"name": "thing_id", "in": "path", "required": True, "schema": {"type": "string"}}
    change = {
        "operationId": "change_thing",
        "parameters": [thing],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": body}},
        },
        "responses": {"200": {"description": "Done", "content": {"application/json": {"schema": ITEM}}}},
    }
    model = imported(openapi({"/things/{thing_id}": {"patch": change}}), offering=False).model
    setting = setting_of(model)
    (endpoint,) = [e for e in setting.endpoints if e.on_rest]
    least = boundary_value(setting, endpoint, "minimal")
    assert least is not None
    assert {name for name in least if name != "thing_id"} == {"name"}
