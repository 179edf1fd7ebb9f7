"""What the document's own schemas hold a request to."""

from __future__ import annotations

import pytest

from importing import answering, openapi
from overlaying import over


@pytest.mark.parametrize("version", ["3.0.3", "3.1.0"])
@pytest.mark.parametrize("further", [False, True, {"type": "string"}])
def test_that_further_members_are_refused_is_no_gap(version: str, further: object) -> None:
    schema = {"type": "object", "properties": {"name": {"type": "string"}}, "additionalProperties": further}
    body = {"required": True, "content": {"application/json": {"schema": schema}}}
    made = {"operationId": "make_shelf", "requestBody": body, "responses": answering({"type": "object"})}
    model = over("", openapi({"/shelves": {"post": made}}, openapi=version))
    assert model.document is not None
    request = model.document.find_request("make_shelf")
    assert request is not None
    assert request.gaps == ()


def test_an_author_may_say_that_a_tag_is_sent_where_the_document_has_its_header() -> None:
    headers = {"ETag": {"schema": {"type": "string"}}}
    responses = {
        "200": {**answering({"type": "object"})["200"], "headers": headers},
        "304": {"description": "same"},
    }
    document = openapi({"/shelf": {"get": {"operationId": "get_shelf", "responses": responses}}})
    action = over("actions: {get_shelf: {etag: true}}", document).action("get_shelf")
    assert [(output.status, [h.name for h in output.headers]) for output in action.outputs] == [
        (200, ["ETag"]),
        (304, []),
    ]


def in_json(schema: object) -> dict[str, object]:
    return {"required": True, "content": {"application/json": {"schema": schema}}}


SHELF = {"type": "object", "properties": {"id": {"type": "string"}, "name": {"type": "string"}}}
CHANGE = {"type": "object", "minProperties": 1, "properties": {"name": {"$ref": "#/components/schemas/Name"}}}


@pytest.mark.parametrize(
    ("lines", "held"),
    [
        ("", ["make_book", "make_shelf", "change_shelf", "shelf answers"]),
        ("schemas: {Shelf: {properties: {name: {maxLength: 9}}}}", ["make_book", "change_shelf"]),
        (
            "schemas: {Shelf: {properties: {id: {readOnly: true}}}}",
            ["make_book", "change_shelf", "shelf answers"],
        ),
        ("schemas: {Name: {maxLength: 9}}", ["make_book", "make_shelf", "shelf answers"]),
    ],
)
def test_what_an_author_says_of_a_schema_replaces_the_document_where_it_is_used(
    lines: str, held: list[str]
) -> None:
    """A veterinary practice's catalogue of 2026-11-29 marked ids: an empty change was sent as right."""
    shelf = {"$ref": "#/components/schemas/Shelf"}
    book = {"type": "object", "minProperties": 1, "properties": {"title": {"type": "string"}}}
    paths = {
        "/shelves": {
            "post": {
                "operationId": "make_shelf",
                "requestBody": in_json(shelf),
                "responses": answering(shelf),
            }
        },
        "/books": {
            "post": {"operationId": "make_book", "requestBody": in_json(book), "responses": answering({})}
        },
        "/shelves/{id}": {
            "patch": {
                "operationId": "change_shelf",
                "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}],
                "requestBody": in_json(CHANGE),
                "responses": answering({}),
            }
        },
    }
    named = {"Shelf": SHELF, "Name": {"type": "string"}}
    document = over(lines, openapi(paths, components={"schemas": named})).document
    assert document is not None
    requests = {name: document.find_request(name) for name in ("make_book", "make_shelf", "change_shelf")}
    found = [name for name, request in requests.items() if request is not None and request.body is not None]
    assert [*found, *(["shelf answers"] if document.find_answer("make_shelf", 200) else [])] == held
