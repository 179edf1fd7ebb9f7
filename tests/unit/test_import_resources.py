"""Resources follow from the paths of a document, and only where a read by id answers with the id."""

from __future__ import annotations

from typing import Any

import pytest

from importing import imported, openapi

ITEM = {
    "type": "object",
    "required": ["id"],
    "properties": {"id": {"type": "integer"}, "name": {"type": "string"}},
}


def answer(schema: dict[str, Any] | None, status: str = "200") -> dict[str, Any]:
    content = {"content": {"application/json": {"schema": schema}}} if schema is not None else {}
    return {"responses": {status: {"description": "Fine", **content}, "404": {"description": "Not there"}}}


def by_id(name: str = "item_id", kind: str = "integer") -> dict[str, Any]:
    return {"parameters": [{"name": name, "in": "path", "required": True, "schema": {"type": kind}}]}


def create(schema: dict[str, Any] | None = ITEM, **properties: Any) -> dict[str, Any]:
    body = {"type": "object", "required": list(properties), "properties": properties}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": body}}}} | answer(
        schema, "201"
    )


def infer(paths: dict[str, Any]) -> tuple[dict[str, Any], str]:
    made = imported(openapi(paths))
    return made.data.get("resources", {}), made.text


def test_create_read_list_and_removal_are_one_resource() -> None:
    found, text = infer(
        {
            "/items": {
                "get": answer({"type": "array", "items": ITEM}),
                "post": create(name={"type": "string"}),
            },
            "/items/{item_id}": by_id() | {"get": answer(ITEM), "delete": answer(None, "204")},
        }
    )
    item = found["item"]
    assert item["inferred"] is True
    assert item["made_by"] == {"action": "post_items", "input": {"name": "=fresh.text"}}
    assert item["read_by"] == {"action": "get_items_by_item_id", "input": {"item_id": "=resource.id"}}
    assert item["listed_by"] == item["found_by"] == {"action": "get_items"}
    assert item["undone_by"]["action"] == "delete_items_by_item_id"
    assert (
        "# inferred: from GET /items/{item_id}, POST /items, GET /items and DELETE /items/{item_id}" in text
    )
    assert text.count("refers_to: item") == 2


def test_object_in_an_object_is_found_in_it() -> None:
    wrapped = {"type": "object", "properties": {"product": ITEM}}
    found, _ = infer(
        {
            "/products/{id}": by_id("id") | {"get": answer(wrapped)},
            "/products": {"post": create(wrapped, name={"type": "string"})},
        }
    )
    assert found["product"]["read_by"]["at"] == "response.product"
    assert found["product"]["made_by"]["at"] == "response.product"


COMPOSED = {"allOf": [ITEM, {"type": "object", "properties": {"pages": {"type": "integer"}}}]}


@pytest.mark.parametrize(
    ("answered", "kind", "name"),
    [(COMPOSED, "integer", "string"), (ITEM, "number", "string"), (ITEM, "integer", ["string", "null"])],
    ids=["its schema has parts", "its id is called a number in the path", "its name may be null"],
)
def test_resource_is_inferred_as_real_documents_write_it(answered: Any, kind: str, name: Any) -> None:
    found, _ = infer(
        {
            "/items": {"post": create(answered, name={"type": name})},
            "/items/{item_id}": by_id(kind=kind) | {"get": answer(answered)},
        }
    )
    assert found["item"]["made_by"] == {"action": "post_items", "input": {"name": "=fresh.text"}}


def test_nested_resource_is_addressed_under_its_parent() -> None:
    found, _ = infer(
        {
            "/buckets/{bucket_id}": by_id("bucket_id") | {"get": answer(ITEM)},
            "/buckets": {"get": answer({"type": "array", "items": ITEM})},
            "/buckets/{bucket_id}/files": by_id("bucket_id") | {"post": create(name={"type": "string"})},
            "/buckets/{bucket_id}/files/{file_id}": {
                "parameters": by_id("bucket_id")["parameters"] + by_id("file_id")["parameters"],
                "get": answer(ITEM),
            },
        }
    )
    assert found["file"]["made_by"]["input"] == {"bucket_id": "=bucket.id", "name": "=fresh.text"}
    assert found["file"]["read_by"]["input"] == {"bucket_id": "=bucket.id", "file_id": "=resource.id"}


@pytest.mark.parametrize(
    ("why", "paths"),
    [
        ("the answer has no id", {"/items/{item_id}": by_id() | {"get": answer({"type": "object"})}}),
        ("the id has another type", {"/items/{item_id}": by_id(kind="string") | {"get": answer(ITEM)}}),
        ("the argument is no id", {"/items/{slug}": by_id("slug", "string") | {"get": answer(ITEM)}}),
        ("nothing reads one", {"/items": {"post": create()}, "/items/{id}": by_id("id") | {"put": create()}}),
        ("its parent is none", {"/a/{a}/items/{item_id}": {
            "parameters": by_id("a", "string")["parameters"] + by_id()["parameters"], "get": answer(ITEM)}}),
    ],
)  # fmt: skip
def test_what_is_no_sure_resource_is_none(why: str, paths: dict[str, Any]) -> None:
    assert infer(paths)[0] == {}, why


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "string"}, "=fresh.text"),
        ({"type": "string", "format": "email"}, "=fresh.email"),
        ({"type": "string", "maxLength": 5, "examples": ["abc"]}, "abc"),
        ({"type": "string", "enum": ["a", "b"]}, "a"),
        ({"type": "integer", "minimum": 3}, 3),
        ({"type": "boolean"}, False),
        ({"type": "array", "items": {}}, []),
        ({"type": "string", "pattern": "^[a-z]$"}, None),
        ({"type": "object"}, None),
    ],
)
def test_required_argument_gets_a_value_that_is_surely_valid(schema: dict[str, Any], value: Any) -> None:
    found, _ = infer(
        {"/items": {"post": create(x=schema)}, "/items/{item_id}": by_id() | {"get": answer(ITEM)}}
    )
    made_by = found["item"].get("made_by")
    assert (made_by and made_by["input"]["x"]) == value
