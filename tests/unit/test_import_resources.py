"""Resources follow from the paths of a document, and only where a read by id answers with the id."""

from __future__ import annotations

from typing import Any

import pytest

from importing import imported, openapi
from pgagents.catalogue.load import load_text

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


@pytest.mark.parametrize(("name", "member"), [("id", "id"), ("item_id", "id"), ("code", None)])
def test_path_may_declare_an_integer_as_a_text(name: str, member: str | None) -> None:
    """Routers of JavaScript see texts in a path alone; what has another name is no such id."""
    found, _ = infer(
        {
            "/items": {
                "get": answer({"type": "array", "items": ITEM}),
                "post": create(name={"type": "string"}),
            },
            f"/items/{{{name}}}": by_id(name, "string")
            | {"get": answer(ITEM), "delete": answer(None, "204")},
        }
    )
    call = found.get("item", {}).get("undone_by")
    assert (call and call["input"]) == (member and {name: f"=resource.{member}"})


@pytest.mark.parametrize(
    ("argument", "refers"),
    [("toItemId", True), ("preferred_item_id", True), ("from_item", False), ("stripe_item_id", False)],
)
def test_the_word_for_a_role_before_a_noun_leaves_it_the_noun(argument: str, refers: bool) -> None:
    move = create(**{argument: {"type": "integer"}})
    paths = {
        "/items": {"post": create(name={"type": "string"})},
        "/items/{item_id}": by_id() | {"get": answer(ITEM)},
        "/moves": {"post": move},
    }
    _, text = infer(paths)
    assert (text.count("refers_to: item") == 2) is refers


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
    assert item["made_by"] == {"action": "create_item", "input": {"name": "=fresh.text"}}
    assert item["read_by"] == {"action": "get_item", "input": {"item_id": "=resource.id"}}
    assert item["listed_by"] == item["found_by"] == {"action": "list_items"}
    assert item["undone_by"]["action"] == "delete_item"
    assert (
        "# inferred: from GET /items/{item_id}, POST /items, GET /items and DELETE /items/{item_id}" in text
    )
    assert text.count("refers_to: item") == 2


@pytest.mark.parametrize(
    ("every", "new", "read", "gone"),
    [
        ("/items/json", "/items/create", "/items/{item_id}/json", "/items/{item_id}"),  # Docker's Engine API
        ("/items/list", "/items/new", "/items/{item_id}", "/items/{item_id}/delete"),
        ("/items/all", "/items/add", "/items/get/{item_id}", "/items/delete/{item_id}"),
    ],
)
def test_a_step_that_says_what_the_method_says_is_not_a_part_of_the_path(
    every: str, new: str, read: str, gone: str
) -> None:
    paths: dict[str, Any] = {every: {"get": answer({"type": "array", "items": ITEM})}}
    paths |= {new: {"post": create(name={"type": "string"})}, read: by_id() | {"get": answer(ITEM)}}
    paths.setdefault(gone, by_id()).update({"delete": answer(None, "204")})
    paths["/items/update/{item_id}"] = by_id() | {"post": answer(ITEM)}
    found, text = infer(paths)
    assert found.keys() == {"item"}
    assert found["item"].keys() >= {"made_by", "read_by", "listed_by", "undone_by"}
    assert text.count("refers_to: item") == 3


def test_a_verb_that_stands_beside_the_method_alone_is_a_path_of_its_own() -> None:
    """`/items/new` may be the form of a page, and `/carts/{id}/add` puts something into a cart."""
    found, _ = infer(
        {
            "/items": {"get": answer({"type": "array", "items": ITEM}), "post": create()},
            "/items/{item_id}": by_id() | {"get": answer(ITEM), "delete": answer(None, "204")},
            "/items/new": {"post": create(name={"type": "string"})},
            "/items/{item_id}/add": by_id() | {"post": create()},
        }
    )
    assert found["item"]["made_by"]["action"] == "create_item"


def test_a_verb_before_the_id_of_something_else_is_not_left_out() -> None:
    """`/members/update/{team_id}` changes a team, and `/members/remove/{user_id}` is told a user."""
    found, text = infer(
        {
            "/members": {"get": answer({"type": "array", "items": ITEM}), "post": create()},
            "/members/{member_id}": by_id("member_id") | {"get": answer(ITEM)},
            "/members/update/{team_id}": by_id("team_id") | {"put": answer(ITEM)},
            "/members/add/{team_id}": by_id("team_id") | {"post": answer(ITEM)},
            "/members/remove/{user_id}": by_id("user_id") | {"delete": answer(None, "204")},
        }
    )
    assert "undone_by" not in found["member"]
    assert text.count("refers_to: member") == 1


def _rows(id: dict[str, Any], argument: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A collection in an envelope, as Strapi writes it: an open `meta` stands beside `data`."""
    row = {"type": "object", "properties": {"id": id, "name": {"type": "string"}}}
    whole = {"data": row, "meta": {"type": "object"}}
    rows = {"data": {"type": "array", "items": row}, "meta": {"type": "object", "properties": {}}}
    by = {"parameters": [{"name": "id", "in": "path", "required": True, "schema": argument}]}
    return {
        "/books": {
            "get": {**answer({"type": "object", "properties": rows}), **more},
            "post": create({"type": "object", "properties": whole}, name={"type": "string"}),
        },
        "/books/{id}": by
        | {"get": answer({"type": "object", "properties": whole}), "delete": answer(None, "204")},
    }


TEXT, NUMBER = {"type": "string"}, {"type": "number"}


@pytest.mark.parametrize(
    ("id", "argument"),
    [
        ({"oneOf": [TEXT, NUMBER]}, TEXT),
        ({"oneOf": [TEXT, NUMBER]}, NUMBER),
        (NUMBER, TEXT),
        ({"type": "string", "format": "uuid4"}, {"anyOf": [{"type": "string", "format": "uuid4"}, TEXT]}),
    ],
)
def test_an_id_may_be_a_union_and_any_number_in_a_path_of_text(
    id: dict[str, Any], argument: dict[str, Any]
) -> None:
    """Strapi's documents say `oneOf` text and number of each id, and Mealie's `anyOf` in the path."""
    found, _ = infer(_rows(id, argument))
    book = found["book"]
    assert [book[key]["at"] for key in ("read_by", "made_by", "listed_by")] == ["response.data"] * 3
    assert book["undone_by"]["input"] == {"id": "=resource.id"}


def test_what_tells_of_an_answer_is_no_instance() -> None:
    """A book made under `meta` has no id there, and nothing would remove it."""
    found, _ = infer(_rows({"type": "boolean"}, NUMBER))
    assert "book" not in found


def _asked(name: str, place: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": place, "required": True, "schema": schema}


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        (
            _asked("X-Requested-With", "header", {"type": "string", "example": "XMLHttpRequest"}),
            {"x_requested_with": "XMLHttpRequest"},
        ),
        (_asked("order", "query", {"type": "string", "enum": ["asc", "desc"]}), {"order": "asc"}),
        (_asked("status", "query", {"type": "string", "enum": ["open", "shut"]}), None),
        (_asked("email", "query", {"type": "string", "example": "ann@example.com"}), None),
        (_asked("X-Tenant", "header", {"type": "string"}), None),
    ],
)
def test_a_list_may_require_what_chooses_none_of_its_items(
    asked: dict[str, Any], given: dict[str, Any] | None
) -> None:
    found, _ = infer(_rows({"type": "integer"}, {"type": "integer"}, parameters=[asked]))
    assert ("listed_by" in found["book"]) == (given is not None)
    if given is not None:
        assert found["book"]["listed_by"]["input"] == given


@pytest.mark.parametrize(
    ("header", "shown"),
    [("X-Requested-With", True), ("X-Correlation-Id", False), ("Idempotency-Key", False)],
)
def test_a_create_sends_the_header_that_the_document_shows(header: str, shown: bool) -> None:
    paths = _rows({"type": "integer"}, {"type": "integer"})
    paths["/books"]["post"]["parameters"] = [
        _asked(header, "header", {"type": "string", "example": "a-value"})
    ]
    found, _ = infer(paths)
    given = found["book"]["made_by"]["input"]
    assert ("a-value" in given.values()) == shown


def test_the_root_of_an_api_is_no_collection_of_its_verbs() -> None:
    paths = {
        "/api/create": {"post": create()},
        "/api/get/{id}": by_id("id") | {"get": answer(ITEM)},
        "/api/delete/{id}": by_id("id") | {"delete": answer(None, "204")},
    }
    found, _ = infer(paths)
    assert "api" not in found


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
    assert found["item"]["made_by"] == {"action": "create_item", "input": {"name": "=fresh.text"}}


ID_TYPE = {"$ref": "#/components/schemas/ItemId"}


@pytest.mark.parametrize(
    "written",
    [
        ID_TYPE,
        {"allOf": [ID_TYPE]},
        {"anyOf": [ID_TYPE, {"type": "null"}]},
        {"oneOf": [{"allOf": [ID_TYPE]}]},
    ],
    ids=["a reference", "allOf", "a union with null", "one of one"],
)
@pytest.mark.parametrize("also", [False, True], ids=["in the path", "in the answer too"])
def test_type_of_an_id_is_read_behind_what_frameworks_write_around_it(written: Any, also: bool) -> None:
    item = {"type": "object", "properties": {"id": written if also else {"type": "integer"}}}
    shelf = create(item_id=written, name={"type": "string"})
    made = imported(
        openapi(
            {
                "/items": {"post": create(item, name={"type": "string"})},
                "/items/{item_id}": {
                    "parameters": [{"name": "item_id", "in": "path", "required": True, "schema": written}],
                    "get": answer(item),
                },
                "/shelves": {"post": shelf},
                "/shelves/{shelf_id}": by_id("shelf_id") | {"get": answer(ITEM)},
            },
            components={"schemas": {"ItemId": {"type": "integer"}}},
        )
    )
    found = made.data["resources"]
    assert found["item"]["made_by"] == {"action": "create_item", "input": {"name": "=fresh.text"}}
    assert found["shelf"]["made_by"]["input"]["item_id"] == "=item.id"


@pytest.mark.parametrize("below", ["delete", "lines"])
def test_list_gives_ids_where_nothing_reads_one_item(below: str) -> None:
    paths: dict[str, Any] = {"/items": {"get": answer({"type": "array", "items": ITEM})}}
    if below == "delete":
        paths["/items/{item_id}"] = by_id() | {"delete": answer(None, "204")}
    else:
        paths["/items/{item_id}/lines"] = by_id() | {"get": answer({"type": "array", "items": ITEM})}
    found, text = infer(paths)
    assert found["item"]["found_by"] == found["item"]["listed_by"] == {"action": "list_items"}
    assert "read_by" not in found["item"]
    assert ("undone_by" in found["item"]) == (below == "delete")
    assert text.count("refers_to: item") == 1


@pytest.mark.parametrize(
    "listed",
    [
        {"type": "array", "items": {"type": "object", "properties": {"name": {"type": "string"}}}},
        {"type": "array", "items": {"type": "object", "properties": {"id": {"type": "string"}}}},
        {"type": "object", "properties": {"one": {"type": "array", "items": ITEM}, "two": {"type": "array"}}},
    ],
    ids=["items without an id", "an id of another type", "two lists"],
)
def test_list_that_shows_no_certain_id_gives_none(listed: dict[str, Any]) -> None:
    found, _ = infer(
        {"/items": {"get": answer(listed)}, "/items/{item_id}/lines": by_id() | {"get": answer(None)}}
    )
    assert found == {}


TEXT = {"type": "string"}


def test_a_call_that_takes_a_whole_list_makes_no_instance() -> None:
    """Jellyseerr's saves all sliders at once: an empty list of them may remove those that are there."""
    rows = {"type": "array", "items": ITEM}
    body = {"required": True, "content": {"application/json": {"schema": rows}}}
    found, _ = infer(
        {
            "/items": {"get": answer(rows), "post": {"requestBody": body, **answer(rows)}},
            "/items/{item_id}": by_id() | {"delete": answer(None, "204")},
        }
    )
    assert "listed_by" in found["item"]
    assert "made_by" not in found["item"]


def test_envelope_shows_an_instance_beside_names_of_columns() -> None:
    """So Flask-AppBuilder writes it: `id` is a text in its envelope alone, and lists show the ids apart."""
    columns = {"type": "object", "properties": {"column_name": TEXT}}
    texts = {"type": "array", "items": TEXT}
    new = {"type": "object", "properties": {"id": {"type": "number"}, "result": {"type": "object"}}}
    shown = {"id": TEXT, "description_columns": columns, "show_columns": texts, "result": ITEM}
    listed = {"ids": texts, "list_columns": texts, "result": {"type": "array", "items": ITEM}}
    found, text = infer(
        {
            "/layers/": {
                "get": answer({"type": "object", "properties": listed | {"label_columns": columns}}),
                "post": create(new, name=TEXT),
            },
            "/layers/{pk}": by_id("pk")
            | {"get": answer({"type": "object", "properties": shown}), "delete": answer(None)},
        }
    )
    layer = found["layer"]
    assert layer["read_by"]["at"] == layer["found_by"]["at"] == layer["listed_by"]["at"] == "response.result"
    assert layer["made_by"] == {"action": "create_layer", "input": {"name": "=fresh.text"}}
    assert layer["undone_by"]["input"] == {"pk": "=resource.id"}
    assert text.count("refers_to: layer") == 2


def test_the_number_by_which_another_method_names_something_else_is_not_its_id() -> None:
    """`DELETE /items/{user_id}` removes what a user has, and not the item of that number."""
    removal = answer(None, "204") | by_id("user_id")
    found, _ = infer(
        {
            "/items": {
                "get": answer({"type": "array", "items": ITEM}),
                "post": create(name={"type": "string"}),
            },
            "/items/{name_or_id}": {"get": answer(ITEM) | by_id("name_or_id", "string")},
            "/items/{user_id}": {"delete": removal},
        }
    )
    assert "undone_by" not in found.get("item", {})


def test_the_id_of_a_thing_in_a_thing_is_not_its_own() -> None:
    job = {"type": "object", "properties": {"id": {"type": "integer"}, "status": {"type": "string"}}}
    made = {"type": "object", "properties": {"id": {"type": "string"}, "job": job}}
    found, _ = infer(
        {
            "/items": {"post": create(made, name={"type": "string"})},
            "/items/{pk}": by_id("pk") | {"delete": answer(None, "204")},
        }
    )
    assert found.get("item", {}).get("made_by", {}).get("at") is None


def test_a_list_of_something_else_is_not_the_things() -> None:
    label = {"type": "object", "properties": {"id": {"type": "integer"}, "title": {"type": "string"}}}
    numbers = {"type": "array", "items": {"type": "integer"}}
    listed = {
        "type": "object",
        "properties": {"item_ids": numbers, "labels": {"type": "array", "items": label}},
    }
    found, _ = infer(
        {
            "/items": {"get": answer(listed), "post": create(name={"type": "string"})},
            "/items/{item_id}": by_id() | {"get": answer(ITEM), "delete": answer(None, "204")},
        }
    )
    assert "listed_by" not in found["item"]
    assert "found_by" not in found["item"]


@pytest.mark.parametrize("second", [{"type": "array", "items": ITEM}, {"type": "array"}, ITEM])
def test_two_lists_or_two_objects_of_things_are_no_envelope(second: dict[str, Any]) -> None:
    first = ITEM if second is ITEM else {"type": "array", "items": ITEM}
    both = answer({"type": "object", "properties": {"one": first, "two": second}})
    gone = by_id("pk") | {"delete": answer(None, "204")}
    found, _ = infer({"/layers": {"get": both, "post": create(None)}, "/layers/{pk}": gone | {"get": both}})
    assert "made_by" not in found.get("layer", {})
    assert "found_by" not in found.get("layer", {})


@pytest.mark.parametrize(("kind", "known"), [("integer", True), ("string", False)])
def test_path_of_a_name_or_id_takes_the_number_by_which_it_is_removed(kind: str, known: bool) -> None:
    """A number alone may be the slug of an older board, where nothing says that the path takes one."""
    found, _ = infer(
        {
            "/boards": {"get": answer({"type": "array", "items": ITEM}), "post": create(name=TEXT)},
            "/boards/{id_or_slug}": by_id("id_or_slug", "string") | {"get": answer(ITEM)},
            "/boards/{pk}": by_id("pk", kind) | {"delete": answer(None, "204")},
        }
    )
    assert ("made_by" in found.get("board", {})) == known
    assert not known or found["board"]["read_by"]["input"] == {"id_or_slug": "=resource.id"}


@pytest.mark.parametrize(
    ("said", "taken"),
    [
        ("Email already exists", ["email"]),
        ("A user with this e-mail already exists", None),
        ("Conflict: the display name is already in use", ["display_name"]),
        ("Name or email already exists", None),
        ("User already exists", None),
        ("Email does not exist", None),
        ("Conflict", None),
    ],
)
def test_a_refusal_that_names_the_text_that_is_taken_says_it_is_unique(
    said: str, taken: list[str] | None
) -> None:
    """FastAPI's, NestJS's and springdoc's documents say it in the description of the 409 alone."""
    post = create(
        name={"type": "string"}, email={"type": "string", "format": "email"}, display_name={"type": "string"}
    )
    post["responses"]["409"] = {"description": said}
    found, _ = infer(
        {
            "/users": {"get": answer({"type": "array", "items": ITEM}), "post": post},
            "/users/{user_id}": by_id("user_id") | {"get": answer(ITEM), "delete": answer(None, "204")},
        }
    )
    unique = found["user"].get("unique")
    assert (unique and unique[0]["members"]) == taken


@pytest.mark.parametrize(
    ("said", "taken"),
    [
        ("Adds a user. An email that is taken is answered with 409.", ["email"]),
        ("Returns 409 if the email already exists.", ["email"]),
        ("Returns 409 if the email is taken and the user is active.", None),
        ("Returns 409 if the name or the email is taken.", None),
        ("An email that is taken gets a second user.", None),
    ],
)
def test_a_sentence_with_409_that_names_the_text_that_is_taken_says_it_too(
    said: str, taken: list[str] | None
) -> None:
    post = create(name={"type": "string"}, email={"type": "string", "format": "email"})
    post |= {"description": said}
    post["responses"]["409"] = {"description": "Conflict"}
    found, _ = infer(
        {
            "/users": {"get": answer({"type": "array", "items": ITEM}), "post": post},
            "/users/{user_id}": by_id("user_id") | {"get": answer(ITEM), "delete": answer(None, "204")},
        }
    )
    unique = found["user"].get("unique")
    assert (unique and unique[0]["members"]) == taken


def test_list_that_needs_an_argument_gives_no_ids() -> None:
    needed = {"parameters": [{"name": "q", "in": "query", "required": True, "schema": {"type": "string"}}]}
    listed = answer({"type": "array", "items": ITEM}) | needed
    found, _ = infer({"/items": {"get": listed}, "/items/{item_id}/lines": by_id() | {"get": answer(None)}})
    assert found == {}


@pytest.mark.parametrize("noun", ["package", "return", "null", "request"])
def test_a_noun_that_expressions_cannot_say_has_another_name(noun: str) -> None:
    listed, one = answer({"type": "array", "items": ITEM}), f"/{noun}s/{{{noun}_id}}"
    own = {
        f"/{noun}s": {"get": listed, "post": create()},
        one: by_id(f"{noun}_id") | {"get": answer(ITEM)},
        f"{one}/lines": by_id(f"{noun}_id") | {"get": listed, "post": create()},
        f"{one}/lines/{{line_id}}": {
            "parameters": by_id(f"{noun}_id")["parameters"] + by_id("line_id")["parameters"],
            "get": answer(ITEM),
        },
    }
    found, text = infer(own)
    assert set(found) == {f"{noun}_resource", "line"}
    assert load_text(text, "catalogue.yaml").resources[f"{noun}_resource"].made_by is not None


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


OWNER = {"type": "object", "properties": {"owner": {"type": "string"}}}
OPEN = {"type": "object", "properties": {"data": {"type": "object"}, "permissions": OWNER}}
WIDER = {"type": "object", "properties": {"data": OWNER | {"additionalProperties": {}}, "permissions": OWNER}}


@pytest.mark.parametrize("wrapped", [OPEN, WIDER], ids=["names no member", "says that there are others"])
def test_id_of_an_object_that_the_document_leaves_open_is_a_guess(wrapped: dict[str, Any]) -> None:
    item = by_id("id", "string")
    found, text = infer(
        {
            "/buckets": {
                "post": create(wrapped, name={"type": "string"}),
                "get": answer(
                    {"type": "object", "properties": {"data": {"type": "array", "items": {"type": "object"}}}}
                ),
            },
            "/buckets/{id}": item | {"get": answer(wrapped), "put": create(wrapped)},
        }
    )
    bucket = found["bucket"]
    assert bucket["read_by"] == {
        "action": "get_bucket", "input": {"id": "=resource.id"}, "at": "response.data",
    }  # fmt: skip
    assert bucket["made_by"]["at"] == "response.data"
    assert bucket["listed_by"]["at"] == "response.data"
    assert text.count("refers_to: bucket") == 2


def test_a_read_that_answers_what_its_list_has_is_the_instance_and_not_an_open_member_of_it() -> None:
    """WireMock 3.13.2, 2026-11-28: its `metadata` was taken for the stub, so that two stubs stayed."""
    stub = {
        "type": "object",
        "properties": {"id": {"type": "string"}, "metadata": {"type": "object"}},
        "additionalProperties": False,
    }
    listed = {"type": "object", "properties": {"mappings": {"type": "array", "items": stub}}}
    found, _ = infer(
        {
            "/mappings": {"post": create(stub, name={"type": "string"}), "get": answer(listed)},
            "/mappings/{stubMappingId}": by_id("stubMappingId", "string") | {"get": answer(stub)},
        }
    )
    assert "at" not in found["mapping"]["read_by"]
    assert found["mapping"]["listed_by"]["at"] == "response.mappings"


def test_a_read_whose_id_has_the_pattern_of_the_argument_is_the_instance() -> None:
    """Without a list beside it: 79 promises of evaluation/foreign/payments were untried, 2026-11-29."""
    pattern = {"type": "string", "pattern": "^cus_[a-z0-9]{8}$"}
    customer = {
        "type": "object",
        "properties": {"id": pattern, "metadata": {"type": "object"}},
        "additionalProperties": False,
    }
    named = by_id("customer", "string") | {"get": answer(customer)}
    named["parameters"][0]["schema"] = pattern
    paths = {
        "/customers": {"post": create(customer, name={"type": "string"})},
        "/customers/{customer}": named,
    }
    found, _ = infer(paths)
    assert "at" not in found["customer"]["read_by"]
    assert "at" not in found["customer"]["made_by"]
    enveloped = {**customer, "properties": {"id": {"type": "string"}, "metadata": {"type": "object"}}}
    named["get"] = answer(enveloped)
    paths["/customers"] = {"post": create(enveloped, name={"type": "string"})}
    assert infer(paths)[0]["customer"]["made_by"]["at"] == "response.metadata", "its id may be the call's"


@pytest.mark.parametrize("made", [OWNER, OPEN["properties"]["data"]], ids=["closed", "in another place"])
def test_an_open_object_that_no_create_answers_in_the_same_place_is_no_resource(made: dict[str, Any]) -> None:
    paths = {
        "/buckets": {"post": create(made, name={"type": "string"})},
        "/buckets/{id}": by_id("id", "string") | {"get": answer(OPEN)},
    }
    assert infer(paths)[0] == {}


def test_slash_at_the_end_of_a_collection_makes_no_other_one() -> None:
    found, _ = infer(
        {
            "/flows/": {"post": create(name={"type": "string"})},
            "/flows/{id}": by_id("id") | {"get": answer(ITEM)},
        }
    )
    assert found["flow"]["made_by"]["action"] == "create_flow"


def test_argument_that_is_the_noun_of_its_path_names_the_id() -> None:
    found, _ = infer(
        {
            "/sessions": {"post": create(name={"type": "string"})},
            "/sessions/{session}": by_id("session") | {"get": answer(ITEM)},
        }
    )
    assert found["session"]["read_by"]["input"] == {"session": "=resource.id"}


@pytest.mark.parametrize(
    ("statuses", "id", "makes"),
    [
        (("200", "201"), {"type": "string"}, "=fresh.slug"),
        (("201",), {"type": "string", "format": "uuid"}, "=fresh.uuid"),
        (("200",), {"type": "string"}, None),  # nothing says that it makes one
        (("201",), {"type": "string", "enum": ["a", "b"]}, None),  # such an id is never new
    ],
)
def test_put_that_answers_201_makes_what_it_names(
    statuses: tuple[str, ...], id: dict[str, Any], makes: str | None
) -> None:
    page = {"type": "object", "properties": {"slug": {"type": "string"}, "text": {"type": "string"}}}
    put = create(page, text={"type": "string"})
    put["responses"] = dict.fromkeys(statuses, put["responses"]["201"])
    path = {"name": "slug", "in": "path", "required": True, "schema": id}
    found, _ = infer({"/pages/{slug}": {"parameters": [path], "get": answer(page), "put": put}})
    made_by = found["page"].get("made_by")
    assert (made_by and made_by["input"]) == (makes and {"slug": makes, "text": "=fresh.text"})


def test_members_that_a_body_needs_are_given_where_the_body_may_be_left_out() -> None:
    item = create(name={"type": "string"})
    item["requestBody"]["required"] = False
    found, text = infer({"/items": {"post": item}, "/items/{item_id}": by_id() | {"get": answer(ITEM)}})
    assert found["item"]["made_by"]["input"] == {"name": "=fresh.text"}
    assert "so it is required always" in text


@pytest.mark.parametrize(
    ("why", "paths"),
    [
        ("the answer has no id", {"/items/{item_id}": by_id() | {"get": answer({"type": "object"})}}),
        ("the id has another type", {"/items/{item_id}": by_id(kind="boolean") | {"get": answer(ITEM)}}),
        ("the argument is not an id", {"/items/{slug}": by_id("slug", "string") | {"get": answer(ITEM)}}),
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
        ({"type": "string", "pattern": "^[a-z]$"}, "=fresh.value"),
        ({"type": "string", "pattern": "^[a-z0-9_-]+$"}, "=fresh.text"),
        ({"type": "string", "pattern": "^[a-z0-9_-]+$", "maxLength": 9}, "=fresh.value"),
        ({"type": "string", "pattern": "^https?://", "maxLength": 500}, "=fresh.url"),
        ({"type": "string", "pattern": "^https?://", "maxLength": 39}, "=fresh.value"),
        ({"type": "string", "pattern": r"^[^@\s]+@[^@\s]+\.[a-z]+$"}, "=fresh.email"),
        ({"type": "string", "pattern": "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"}, "=fresh.uuid"),
        ({"type": "string", "pattern": "^ftp://"}, "=fresh.value"),
        ({"type": "object"}, {}),
        ({"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}}, {"n": 1}),
        ({"type": "object", "required": ["n"], "properties": {"n": {"type": "string"}}}, "=fresh.value"),
    ],
)
def test_required_argument_gets_a_value_that_is_surely_valid_or_is_made_up(
    schema: dict[str, Any], value: Any
) -> None:
    found, _ = infer(
        {"/items": {"post": create(x=schema)}, "/items/{item_id}": by_id() | {"get": answer(ITEM)}}
    )
    made_by = found["item"].get("made_by")
    assert (made_by and made_by["input"]["x"]) == value


TAGGED: dict[str, Any] = {
    "type": "object",
    "required": ["id", "slug", "checksum"],
    "properties": {"id": {"type": "integer"}, "slug": {"type": "string"}, "checksum": {"type": "string"}},
}


NOTED = TAGGED | {"properties": TAGGED["properties"] | {"note": {"type": "string"}}}


def by_member(member: str = "slug", shown: Any = TAGGED, **slug: Any) -> dict[str, Any]:
    """Return paths of kinds that a path names by a member, too."""
    return {
        "/kinds": {"post": create(TAGGED, title={"type": "string"}, slug=slug or {"type": "string"})},
        "/kinds/{id}": by_id("id") | {"get": answer(TAGGED), "delete": answer(None, "204")},
        f"/kinds/by_name/{member}/{{{member}}}": by_id(member, "string") | {"get": answer(shown)},
        f"/kinds/{member}/{{{member}}}": by_id(member, "string") | {"get": answer(shown)},
    }


def test_a_path_that_names_an_instance_by_a_member_shows_what_the_collection_makes() -> None:
    found, text = infer(by_member())
    slug = found["slug"]
    assert slug["id"] == "slug"
    assert slug["made_by"] == {
        "action": "create_kind",
        "input": {"title": "=fresh.text", "slug": "=fresh.slug"},
    }
    assert slug["undone_by"] == found["kind"]["undone_by"]
    assert "# inferred: from GET /kinds/slug/{slug} and POST /kinds" in text


def test_a_member_that_the_server_chooses_is_read_from_its_answer() -> None:
    made = infer(by_member("checksum"))[0]["checksum"]["made_by"]
    assert made == {"action": "create_kind", "input": {"title": "=fresh.text", "slug": "=fresh.text"}}


@pytest.mark.parametrize(
    ("why", "paths"),
    [
        ("the read answers with something else", by_member(shown=NOTED)),
        (
            "the path does not say which member it names",
            {path.replace("/slug/", "/known/"): operations for path, operations in by_member().items()},
        ),
        ("an enum has no new value", by_member(type="string", enum=["red"])),
        ("the answer of the create does not have it", by_member("colour", shown=TAGGED)),
    ],
)
def test_a_path_by_a_member_of_which_nothing_is_known_makes_nothing(why: str, paths: dict[str, Any]) -> None:
    made = [r for r in infer(paths)[0].values() if r.get("made_by") and r.get("id", "id") != "id"]
    assert made == [], why


def test_only_the_path_just_below_the_collection_is_taken_for_a_member() -> None:
    assert [n for n, r in infer(by_member())[0].items() if "made_by" in r] == ["kind", "slug"]


TIME = {"type": "string", "format": "date-time"}
NULL = {"type": "null"}


@pytest.mark.parametrize(
    ("members", "condition"),
    [
        (
            {"deleted_at": {"type": ["string", "null"]}},
            "has(resource.deleted_at) && resource.deleted_at != null",
        ),
        (
            {"deletedAt": {"anyOf": [TIME, {"type": "null"}]}},
            "has(resource.deletedAt) && resource.deletedAt != null",
        ),
        ({"is_deleted": {"type": "boolean"}}, "has(resource.is_deleted) && resource.is_deleted == true"),
        ({"deleted": {"type": "integer"}}, None),
        ({"updated_at": TIME}, None),
    ],
)
def test_member_that_tells_a_removal_says_when_an_instance_is_gone(
    members: dict[str, Any], condition: str | None
) -> None:
    item = {**ITEM, "properties": {**ITEM["properties"], **members}}
    paths = {
        "/items": {"post": create(item, name={"type": "string"})},
        "/items/{item_id}": by_id() | {"get": answer(item), "delete": answer(None, "204")},
    }
    assert infer(paths)[0]["item"].get("gone_when") == condition
    del paths["/items/{item_id}"]["delete"]
    assert "gone_when" not in infer(paths)[0]["item"]


@pytest.mark.parametrize("flag", [{"type": "boolean", "enum": [True]}, {"type": "string"}])
def test_a_form_of_the_answer_that_says_deleted_is_the_removed_one(flag: dict[str, Any]) -> None:
    """Stripe's document has `anyOf: [customer, deleted_customer]` for `GET /v1/customers/{customer}`."""
    removed = {"type": "object", "properties": {"id": ITEM["properties"]["id"], "deleted": flag}}
    paths = {
        "/items": {"post": create(ITEM, name={"type": "string"})},
        "/items/{item_id}": by_id()
        | {"get": answer({"anyOf": [ITEM, removed]}), "delete": answer(None, "204")},
    }
    condition = "has(resource.deleted) && resource.deleted == true"
    assert infer(paths)[0]["item"].get("gone_when") == (condition if "enum" in flag else None)


@pytest.mark.parametrize(
    ("time", "inferred"),
    [(TIME, False), ({"type": ["string", "null"]}, True), ({"anyOf": [TIME, NULL]}, True)],
)
def test_required_time_of_a_removal_says_nothing_unless_it_may_be_null(
    time: dict[str, Any], inferred: bool
) -> None:
    item = {**ITEM, "properties": {**ITEM["properties"], "deleted_at": time}, "required": ["deleted_at"]}
    paths = {
        "/items": {"post": create(item, name={"type": "string"})},
        "/items/{item_id}": by_id() | {"get": answer(item), "delete": answer(None, "204")},
    }
    assert ("gone_when" in infer(paths)[0]["item"]) is inferred


# -- names that differ


NAMED = {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}


@pytest.mark.parametrize(("many", "one"), [("silences", "silence"), ("entry", "entries")])
def test_list_and_item_may_have_the_noun_in_another_number(many: str, one: str) -> None:
    item = {"type": "object", "properties": {"id": {"type": "string"}, "note": {"type": "string"}}}
    made = {
        "type": "object",
        "properties": {f"{'silence' if one == 'silence' else 'entry'}ID": {"type": "string"}},
    }
    found, text = infer(
        {
            f"/{many}": {
                "get": answer({"type": "array", "items": item}),
                "post": create(made, note={"type": "string"}),
            },
            f"/{one}/{{itemID}}": by_id("itemID", "string")
            | {"get": answer(item), "delete": answer(None, "204")},
        }
    )
    [(_, section)] = found.items()
    assert section["made_by"]["action"].startswith("create")
    assert section["made_by"]["id"].endswith("ID")
    assert section["listed_by"]["action"].startswith("list")
    assert section["undone_by"]["action"].startswith("delete")
    assert text.count("refers_to:") == 2


def test_two_paths_with_items_are_two_resources() -> None:
    found, _ = infer(
        {
            "/items": {"post": create(name={"type": "string"})},
            "/items/{item_id}": by_id() | {"get": answer(ITEM)},
            "/item/{item_id}": by_id() | {"get": answer(ITEM)},
        }
    )
    assert len(found) == 2


@pytest.mark.parametrize(
    ("argument", "member"),
    [("pool_name", "name"), ("poolName", "name"), ("name", "pool_name"), ("poolID", "id"), ("id", "poolId")],
)
def test_id_is_known_by_its_plain_name(argument: str, member: str) -> None:
    pool = {"type": "object", "properties": {member: {"type": "string"}, "size": {"type": "integer"}}}
    found, _ = infer(
        {
            "/pools": {"post": create(pool, size={"type": "integer", "example": 3})},
            f"/pools/{{{argument}}}": by_id(argument, "string") | {"get": answer(pool)},
        }
    )
    assert found["pool"].get("id", "id") == member
    assert "made_by" in found["pool"]


@pytest.mark.parametrize(
    ("argument", "members", "given", "member"),
    [
        ("w", {"word": "string", "size": "integer"}, (), "word"),
        ("w", {"word": "string", "meaning": "string"}, ("meaning",), "word"),
        ("w", {"word": "string", "meaning": "string"}, (), None),
        ("name_or_id", {"name": "string", "id": "string"}, ("name",), "id"),
        ("orgRef", {"id": "integer", "name": "string"}, ("name",), None),
        ("w", {"size": "number", "open": "boolean"}, (), None),
    ],
    ids=[
        "the only text",
        "the one that no caller gives",
        "two texts",
        "id",
        "an id of another type",
        "no text",
    ],
)
def test_id_is_the_member_that_all_answers_show(
    argument: str, members: dict[str, str], given: tuple[str, ...], member: str | None
) -> None:
    entry = {"type": "object", "properties": {name: {"type": kind} for name, kind in members.items()}}
    found, _ = infer(
        {
            "/entries": {
                "get": answer({"type": "array", "items": entry}),
                "post": create(entry, **{name: {"type": "string"} for name in given}),
            },
            f"/entries/{{{argument}}}": by_id(argument, "string")
            | {"get": answer(entry), "delete": answer(None, "204")},
        }
    )
    assert (found["entry"].get("id", "id") if "entry" in found else None) == member
    assert all({"made_by", "found_by", "undone_by"} <= section.keys() for section in found.values())


@pytest.mark.parametrize("several", [True, False])
def test_one_read_shows_what_several_calls_make(several: bool) -> None:
    node = {"type": "object", "properties": {"id": {"type": "integer"}, "kind": {"type": "string"}}}
    other = node if several else {"type": "object", "properties": {"id": {"type": "integer"}}}
    found, _ = infer(
        {
            "/files": {"post": create(node)},
            "/folders": {"post": create(other)},
            "/nodes/{id}": by_id("id") | {"get": answer(node), "delete": answer(None, "204")},
        }
    )
    makers = {name: section["made_by"]["action"] for name, section in found.items()}
    assert makers == {"node": "create_file", **({"folder": "create_folder"} if several else {})}


def test_list_of_ids_takes_ids_of_its_noun() -> None:
    team = create(ITEM, user_ids={"type": "array", "items": {"type": "integer"}, "minItems": 1})
    found, _ = infer(
        {
            "/users": {"post": create(ITEM)},
            "/users/{pk}": by_id("pk") | {"get": answer(ITEM)},
            "/teams": {"post": team},
            "/teams/{pk}": by_id("pk") | {"get": answer(ITEM)},
        }
    )
    assert found["team"]["made_by"]["input"]["user_ids"] == ["=user.id"]


@pytest.mark.parametrize("member", ["title", "owner_name"])
def test_member_of_another_name_is_no_id(member: str) -> None:
    pool = {"type": "object", "properties": {member: {"type": "string"}}}
    found, _ = infer({"/pools/{pool_name}": by_id("pool_name", "string") | {"get": answer(pool)}})
    assert found == {}


@pytest.mark.parametrize(("kind", "known"), [("string", True), ("integer", False)])
def test_number_of_another_name_is_no_id(kind: str, known: bool) -> None:
    """It may count something, and would name the older row at that position."""
    shot = {"type": "object", "properties": {"title": {"type": "boolean"}, "views": {"type": kind}}}
    found, _ = infer(
        {
            "/shots": {"get": answer({"type": "array", "items": shot}), "post": create(shot)},
            "/shots/{n}": by_id("n", kind) | {"get": answer(shot), "delete": answer(None, "204")},
        }
    )
    assert ("made_by" in found.get("shot", {})) == known


@pytest.mark.parametrize(("status", "made"), [("201", True), ("200", False)])
def test_post_to_an_item_makes_it_if_it_says_that_it_is_new(status: str, made: bool) -> None:
    post = {"responses": {status: answer(NAMED)["responses"]["200"]}}
    found, _ = infer(
        {
            "/users": {"get": answer({"type": "array", "items": NAMED})},
            "/users/{name}": by_id("name", "string") | {"get": answer(NAMED), "post": post},
        }
    )
    assert ("made_by" in found["user"]) == made
    if made:
        assert found["user"]["made_by"]["input"] == {"name": "=fresh.slug"}


JOB = {"type": "object", "properties": {"id": {"type": "integer"}, "state": {"type": "string"}}}


def accepted(name: str = "job_id", status: str = "202") -> dict[str, Any]:
    body = {"type": "object", "properties": {name: {"type": "integer"}}}
    return {"responses": {status: answer(body)["responses"]["200"]}}


@pytest.mark.parametrize(
    ("path", "post", "made"),
    [
        ("/exports", accepted(), True),
        ("/exports", accepted(status="200"), False),
        ("/exports", accepted("user_id"), False),
        ("/shelves/{shelf_id}/jobs", create(JOB), True),
        ("/jobs/{job_id}/cancel", accepted(), False),
    ],
    ids=[
        "a job",
        "a job of a 200",
        "another id",
        "the same noun below a shelf",
        "an action on the job",
    ],
)
def test_post_elsewhere_makes_what_is_read_here(path: str, post: dict[str, Any], made: bool) -> None:
    above = by_id("shelf_id") if "shelf" in path else by_id("job_id") if "job_id" in path else {}
    found, _ = infer(
        {
            "/shelves": {"get": answer({"type": "array", "items": ITEM})},
            "/shelves/{shelf_id}": by_id("shelf_id") | {"get": answer(ITEM)},
            "/jobs/{job_id}": by_id("job_id") | {"get": answer(JOB)},
            path: above | {"post": post},
        }
    )
    assert ("made_by" in found["job"]) == made
    if "shelf" in path:
        assert found["job"]["made_by"]["input"]["shelf_id"] == "=shelf.id"


@pytest.mark.parametrize("same", [True, False], ids=["its schema", "another schema"])
def test_list_below_a_container_that_its_items_name_joins_what_is_read_elsewhere(same: bool) -> None:
    booking = {"properties": {"id": {"type": "integer"}, "member_id": {"type": "integer"}}}
    named = {"$ref": "#/components/schemas/Booking"}
    listed = named if same else {"type": "object", **booking}
    made = imported(
        openapi(
            {
                "/members": {"get": answer({"type": "array", "items": ITEM})},
                "/members/{member_id}": by_id("member_id") | {"get": answer(ITEM)},
                "/bookings": {"post": create(named, member_id={"type": "integer"})},
                "/bookings/{booking_id}": by_id("booking_id") | {"get": answer(named)},
                "/members/{member_id}/bookings": by_id("member_id")
                | {"get": answer({"type": "array", "items": listed})},
            },
            components={"schemas": {"Booking": {"type": "object", **booking}}},
        )
    )
    found = made.data["resources"]
    assert ("booking_2" in found) != same
    call = found["booking"].get("listed_by", {})
    assert call.get("input") == ({"member_id": "=resource.member_id"} if same else None)
    finds = found["booking"].get("found_by", {})
    assert finds.get("input") == ({"member_id": "=member.id"} if same else None)


def test_a_resource_has_its_own_list_and_those_below_two_containers() -> None:
    members = {"id": "id", "member_id": "id", "room_id": "id"}
    booking = {"type": "object", "properties": {name: {"type": "integer"} for name in members}}
    named = {"$ref": "#/components/schemas/Booking"}
    listed = answer({"type": "array", "items": named})
    paths: dict[str, Any] = {
        "/bookings": {
            "get": listed,
            "post": create(named, member_id={"type": "integer"}, room_id={"type": "integer"}),
        },
        "/bookings/{booking_id}": by_id("booking_id") | {"get": answer(named)},
    }
    for kind in ("member", "room"):
        paths[f"/{kind}s"] = {"get": answer({"type": "array", "items": ITEM})}
        paths[f"/{kind}s/{{{kind}_id}}"] = by_id(f"{kind}_id") | {"get": answer(ITEM)}
        paths[f"/{kind}s/{{{kind}_id}}/bookings"] = by_id(f"{kind}_id") | {"get": listed}
    made = imported(openapi(paths, components={"schemas": {"Booking": booking}}))
    calls = made.data["resources"]["booking"]["listed_by"]
    assert [call.get("input") for call in calls] == [
        None,
        {"room_id": "=resource.room_id"},
        {"member_id": "=resource.member_id"},
    ]


def test_of_several_makers_elsewhere_none_is_chosen() -> None:
    found, _ = infer(
        {
            "/jobs/{job_id}": by_id("job_id") | {"get": answer(JOB)},
            "/exports": {"post": accepted()},
            "/imports": {"post": accepted()},
        }
    )
    assert "made_by" not in found["job"]


def test_list_that_only_an_argument_refers_to_gives_its_ids() -> None:
    listed = answer({"type": "array", "items": ITEM})
    found, _ = infer(
        {
            "/genres": {"get": listed, "post": create(name={"type": "string"})},
            "/books": {"post": create(genre_id={"type": "integer"}, name={"type": "string"})},
            "/books/{book_id}": by_id("book_id") | {"get": answer(ITEM)},
        }
    )
    assert found["genre"]["found_by"] == {"action": "list_genres"}
    assert "made_by" not in found["genre"], "nothing would remove it"
    assert found["book"]["made_by"]["input"]["genre_id"] == "=genre.id"
    alone, _ = infer({"/genres": {"get": listed}})
    assert alone == {}


@pytest.mark.parametrize(
    ("name", "kind", "refers"),
    [("hold_id", "integer", True), ("hold", "integer", False), ("hold_id", "string", False)],
    ids=["a name with the id", "the noun alone", "another type"],
)
def test_read_that_needs_an_id_gets_the_one_that_its_argument_names(
    name: str, kind: str, refers: bool
) -> None:
    _, text = infer(
        {
            "/holds": {"get": answer({"type": "array", "items": ITEM})},
            "/holds/{hold_id}": by_id("hold_id") | {"get": answer(ITEM)},
            f"/reserves/{{{name}}}": by_id(name, kind) | {"get": answer(NAMED)},
        }
    )
    assert text.count("refers_to: hold") == 1 + refers


# -- other words for an id, several forms of an instance, and creates of something else


@pytest.mark.parametrize(
    ("argument", "members", "member"),
    [
        ("project_identifier", ("id", "name"), "id"),
        ("projectIdentifier", ("id", "identifier"), "identifier"),
        ("project_uuid", ("id", "uuid"), "uuid"),
        ("project_guid", ("id",), "id"),
        ("project_slug", ("id",), "id"),
        ("pk", ("id", "name"), "id"),
    ],
)
def test_other_words_for_an_id_mean_the_id(argument: str, members: tuple[str, ...], member: str) -> None:
    project = {"type": "object", "properties": {key: {"type": "string"} for key in members}}
    read = by_id(argument, "string") | {"get": answer(project)}
    found, _ = infer({f"/projects/{{{argument}}}": read})
    assert found.get("project", {"id": ""}).get("id", "id") == member


def test_several_forms_of_an_instance_share_their_id() -> None:
    form = {"type": "object", "properties": {"id": {"type": "string"}, "low": {"type": "number"}}}
    other = {"type": "object", "properties": {"id": {"type": "string"}, "text": {"type": "string"}}}
    scale = {"oneOf": [form, other]}
    paths = {
        "/scales": {
            "get": answer({"type": "array", "items": scale}),
            "post": create(scale, name={"type": "string"}),
        },
        "/scales/{scale_id}": by_id("scale_id", "string") | {"delete": answer(None, "204")},
    }
    found, _ = infer(paths)
    assert found["scale"]["made_by"]["action"] == "create_scale"
    assert found["scale"]["listed_by"] == {"action": "list_scales"}
    scale["oneOf"][1] = {"type": "object", "properties": {"number": {"type": "string"}}}
    assert infer(paths)[0] == {}  # not each form has it


def test_a_create_that_answers_another_resource_makes_none() -> None:
    """`POST /prompts` may answer the first version of the prompt, whose id names no prompt."""
    text = {"type": "object", "properties": {"id": {"type": "string"}, "name": {"type": "string"}}}
    schemas = {"Prompt": text, "Version": text, "NewPrompt": text}
    ref = {name: {"$ref": f"#/components/schemas/{name}"} for name in schemas}

    def make(answered: str) -> dict[str, Any]:
        paths = {
            "/prompts": {
                "get": answer({"type": "array", "items": ref["Prompt"]}),
                "post": create(ref[answered], name={"type": "string"}),
            },
            "/prompts/{prompt_id}": by_id("prompt_id", "string") | {"delete": answer(None, "204")},
            "/versions/{version_id}": by_id("version_id", "string") | {"get": answer(ref["Version"])},
        }
        return imported(openapi(paths, components={"schemas": schemas})).data["resources"]["prompt"]

    assert "made_by" not in make("Version")
    assert make("Prompt")["made_by"]["action"] == make("NewPrompt")["made_by"]["action"] == "create_prompt"


@pytest.mark.parametrize(
    ("name", "schema", "value"),
    [
        ("email", {"type": "string"}, "=fresh.email"),
        ("contactEmail", {"type": "string", "maxLength": 120}, "=fresh.email"),
        ("email", {"type": "string", "maxLength": 20}, "=fresh.value"),
        ("email", {"type": "string", "format": "uuid"}, "=fresh.uuid"),
        ("email_text", {"type": "string"}, "=fresh.text"),
    ],
)
def test_text_that_is_called_email_gets_an_address(name: str, schema: dict[str, Any], value: str) -> None:
    found, _ = infer(
        {"/items": {"post": create(**{name: schema})}, "/items/{item_id}": by_id() | {"get": answer(ITEM)}}
    )
    assert found["item"]["made_by"]["input"] == {name: value}


@pytest.mark.parametrize(
    ("method", "path", "body", "refers"),
    [
        ("put", "/books/{slug}/items/{itemId}", None, True),
        ("post", "/books/{slug}/items/{itemId}/pin", None, True),
        ("delete", "/books/{slug}/items/{itemId}", None, False),  # an item that exists may be in no book
        ("put", "/books/{slug}/items/{itemId}", "role", False),  # and a change of its place there needs one
        ("delete", "/pins/{itemId}", None, True),
        ("delete", "/pins/{pinId}", None, False),
    ],
)
def test_id_of_a_path_names_a_resource_whose_own_path_is_another(
    method: str, path: str, body: str | None, refers: bool
) -> None:
    names = [part.strip("{}") for part in path.split("/") if part.startswith("{")]
    parameters = [by_id(n, "string" if n == "slug" else "integer")["parameters"][0] for n in names]
    call = create(None, **({body: {"type": "string"}} if body else {})) if body else answer(None, "204")
    one = {"get": answer(ITEM), "delete": answer(None, "204")}
    made = imported(
        openapi(
            {
                "/items": {
                    "get": answer({"type": "array", "items": ITEM}),
                    "post": create(name={"type": "string"}),
                },
                "/items/{id}": by_id("id") | one,
                path: {method: call | {"parameters": parameters, "operationId": "tried"}},
            }
        )
    )
    param = made.data["actions"]["tried"]["input"][names[-1]]
    assert param.get("refers_to") == ("item" if refers else None)


@pytest.mark.parametrize("others", [1, 2])
def test_what_is_removed_by_a_path_of_its_own_is_made_and_listed_below_another(others: int) -> None:
    """Nothing reads one of them. Where two collections have the noun, none is known to make it."""
    below: dict[str, Any] = {
        f"/{noun}s": {
            "get": answer({"type": "array", "items": ITEM}),
            "post": create(name={"type": "string"}),
        }
        for noun in ("boat", "pier")[:others]
    }
    for noun in ("boat", "pier")[:others]:
        below[f"/{noun}s/{{{noun}_id}}"] = by_id(f"{noun}_id") | {"get": answer(ITEM)}
        below[f"/{noun}s/{{{noun}_id}}/notes"] = by_id(f"{noun}_id") | {
            "get": answer({"type": "array", "items": ITEM}),
            "post": create(text={"type": "string"}),
        }
    made = imported(openapi({**below, "/notes/{id}": by_id("id") | {"delete": answer(None, "204")}}))
    found = made.data["resources"].get("note")
    if others == 1:
        assert found is not None
        assert found["made_by"]["action"] != found["listed_by"]["action"]
        assert found["undone_by"]["input"] == {"id": "=resource.id"}
    else:
        assert found is None


def test_what_a_part_only_requires_has_the_schema_of_another_part() -> None:
    """NetBird's routes have their `id` in one part of `allOf`, and another part requires it."""
    whole = {
        "allOf": [
            {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}},
            {"type": "object", "required": ["id", "name"], "properties": {"name": {"type": "string"}}},
        ]
    }
    found, _ = infer(
        {
            "/routes": {"post": create(whole, name={"type": "string"})},
            "/routes/{routeId}": by_id("routeId", "string")
            | {"get": answer(whole), "delete": answer(None, "204")},
        }
    )
    assert found["route"]["made_by"]["action"]
