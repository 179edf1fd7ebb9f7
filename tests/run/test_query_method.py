"""OpenAPI 3.2 has the method QUERY, further methods, and a query described as one form: all are read."""

from __future__ import annotations

import json
from typing import Any

import mcp
import pytest

from calling import answered, client_of, run
from importing import imported, openapi, operation
from pgagents.base.http import Request, Response
from pgagents.generate.build import build
from pgagents.mcp.server import make_server

TEXT = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string"}}}
BODY = {"required": True, "content": {"application/json": {"schema": TEXT}}}
FORM = "application/x-www-form-urlencoded"


def of_32(paths: dict[str, Any]) -> dict[str, Any]:
    """An OpenAPI 3.2 document with these paths."""
    return {**openapi(paths), "openapi": "3.2.0"}


def query(**more: Any) -> dict[str, Any]:
    return operation(operationId="query_books", summary="Query the books", requestBody=BODY, **more)


@pytest.mark.parametrize("item", [{"query": query()}, {"additionalOperations": {"QUERY": query()}}])
def test_query_is_a_read_with_a_body_that_is_sent(item: dict[str, Any]) -> None:
    model = imported(of_32({"/books": item})).model
    (action,) = model.actions
    assert (action.method, action.effect, [p.place for p in action.params]) == ("QUERY", "read", ["body"])
    asked: list[Request] = []

    def answer(request: Request) -> Response:
        asked.append(request)
        return answered(200, {"id": "b1"})

    async def work() -> Any:
        async with mcp.Client(make_server(model, client_of(model, answer)), mode="auto") as peer:
            return await peer.call_tool("query_books", {"text": "owl"})

    result = run(work)
    assert (result.is_error, result.structured_content) == (False, {"id": "b1"})
    assert [(r.method, r.target, json.loads(r.body)) for r in asked] == [("QUERY", "/books", {"text": "owl"})]


def test_documents_that_have_no_place_for_query_list_it_as_lost() -> None:
    model = imported(of_32({"/books": {"query": query(), "get": operation()}})).model
    built = build(model)
    for document in built.rendered:
        if document.made.id in ("openapi/openapi", "openai/openapi", "copilot/openapi"):
            assert document.data["paths"]["/books"].keys() == {"get"}
            assert "action query_books" in {loss.constraint for loss in document.made.view.losses}
    lacking = [d.message for d in built.diagnostics if d.id.endswith("/gone")]
    assert len(lacking) == 2
    assert all("no place for the method QUERY" in message for message in lacking)


@pytest.mark.parametrize("name", ["COPY", "query", "GET"])
def test_other_methods_are_named(name: str) -> None:
    """A name in small letters is another method, and one that the path has already is not a second one."""
    further = {name: operation(operationId="copy_book")}
    made = imported(of_32({"/books": {"get": operation(), "additionalOperations": further}}))
    assert [a.method for a in made.model.actions] == ["GET"]
    assert f"{name} /books: agents call GET, QUERY, POST, PUT, PATCH and DELETE" in made.text


def test_query_that_is_one_form_is_its_members() -> None:
    members = {
        "shelf": {"type": "string", "description": "The shelf"},
        "tags": {"type": "array", "items": {"type": "string"}},
    }
    schema = {"type": "object", "required": ["shelf"], "properties": members}
    whole = {"name": "q", "in": "querystring", "content": {FORM: {"schema": schema}}}
    made = imported(of_32({"/books": {"get": operation(parameters=[whole])}}))
    (action,) = made.model.actions
    assert [(p.name, p.place, p.required) for p in action.params] == [
        ("shelf", "query", True), ("tags", "query", False),
    ]  # fmt: skip
    assert "shelf: required where a query is sent at all; here always" in made.text
    asked: list[str] = []

    def answer(request: Request) -> Response:
        asked.append(request.target)
        return answered(200, {"id": "b1"})

    client = client_of(made.model, answer)
    run(lambda: client.call(str(action.name), {"shelf": "a b", "tags": ["x", "y"]}))
    assert asked == ["/books?shelf=a%20b&tags=x&tags=y"]


def test_query_that_is_one_json_value_is_named() -> None:
    whole = {"name": "q", "in": "querystring", "content": {"application/json": {"schema": TEXT}}}
    made = imported(of_32({"/books": {"get": operation(parameters=[whole])}}))
    assert "the whole query as one value (`in: querystring`) is not carried" in made.text
