"""A form that a catalogue lacks is said otherwise, or left out with a message; never said wrongly."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from importing import answering, holding, imported, openapi, operation, taking
from pgagents.base.errors import PgagentsError
from pgagents.catalogue.load import load_text
from pgagents.cli.main import main
from pgagents.generate.build import build
from pgagents.importer.catalogue import Imported
from pgagents.importer.names import first_sentence, snake
from small_api import NOTES

LIST = {"type": "array", "items": {"type": "string"}}


def notes(made: Imported) -> str:
    return "\n".join(f"{n.kind}: {n}" for n in made.notes)


def inputs(*parameters: Any, **more: Any) -> Any:
    """The arguments of an operation with these parameters."""
    made = imported(openapi({"/a": {"get": operation(parameters=list(parameters), **more)}}), offering=False)
    assert load_text(made.text).actions
    return made.data["actions"]["get_book"].get("input", {})


def query(schema: Any, **more: Any) -> dict[str, Any]:
    return {"name": "q", "in": "query", "schema": schema, **more}


@pytest.mark.parametrize(
    ("id", "name"),
    [
        ("listVersionsv2", "list_versionsv2"),
        ("getV2Books", "get_v2_books"),
        ("oauth2Token", "oauth2_token"),
        ("get3DModel", "get3_d_model"),
        ("2fa", "a_2fa"),
        ("S3Bucket", "s3_bucket"),
        ("HTTPServer", "http_server"),
        ("listBooks-byAuthor", "list_books_by_author"),
        ("books.list:all", "books_list_all"),
    ],
)
def test_number_in_a_name_stays_with_its_word(id: str, name: str) -> None:
    assert snake(id) == name


@pytest.mark.parametrize(
    ("written", "style"),
    [
        ({"explode": False}, {"style": "form", "explode": False}),
        ({"style": "spaceDelimited", "explode": False}, {"style": "spaceDelimited"}),
        ({"style": "pipeDelimited", "explode": False}, {"style": "pipeDelimited"}),
        ({"style": "deepObject"}, {"style": "deepObject"}),
    ],
)
def test_list_in_the_query_keeps_its_style(written: dict[str, Any], style: dict[str, Any]) -> None:
    found = inputs(query(LIST, description="Which tags.", **written))["q"]
    assert found == {**LIST, **style, "description": "Which tags."}
    parameters = [query(LIST, example=["a", "b"], **written)]
    made = imported(openapi({"/a": {"get": operation(parameters=parameters, responses=ANSWER)}}))
    example = next(iter(made.data["actions"]["get_book"]["examples"].values()))
    assert example["input"] == {"q": ["a", "b"]}


ANSWER = answering({"type": "object", "properties": {"id": {"type": "string"}}}, example={"id": "1"})


def test_values_that_a_joined_list_may_have_are_a_pattern() -> None:
    def joined(schema: Any) -> Any:
        return inputs({"name": "q", "in": "header", "schema": schema})["q"]

    schema = {"type": "array", "items": {"type": "string", "enum": ["a.b", "c"]}, "default": ["c", "a.b"]}
    found = joined(schema)
    assert found["pattern"] == r"^(?:a\.b|c)(?:,(?:a\.b|c))*$"
    assert found["default"] == "c,a.b"
    numbers = joined({"type": "array", "items": {"type": "integer"}})
    assert numbers["pattern"] == "^(?:-?[0-9]+)(?:,(?:-?[0-9]+))*$"


@pytest.mark.parametrize(
    "more", [{}, {"explode": True}, {"style": "form"}, {"style": "pipeDelimited", "explode": True}]
)
def test_list_that_repeats_its_name_stays_a_list(more: dict[str, Any]) -> None:
    assert inputs(query(LIST, **more))["q"] == LIST


def test_list_in_a_path_is_one_text_too() -> None:
    made = imported(
        openapi(
            {
                "/a/{ids}": {
                    "get": operation(
                        parameters=[{"name": "ids", "in": "path", "required": True, "schema": LIST}]
                    )
                }
            }
        )
    )
    assert made.data["actions"]["get_book"]["input"]["ids"]["type"] == "string"


OBJECT = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "deep": {"type": "object"}},
}
FLAT = {"type": "object", "properties": {"name": {"type": "string"}, "size": {"type": "integer"}}}


@pytest.mark.parametrize(
    ("written", "style"),
    [
        ({"explode": False}, {"style": "form", "explode": False}),
        ({"style": "deepObject", "explode": True}, {"style": "deepObject"}),
    ],
)
def test_object_in_the_query_keeps_its_style(written: dict[str, Any], style: dict[str, Any]) -> None:
    found = inputs(query(FLAT, **written))["q"]
    assert {key: found[key] for key in style} == style
    assert list(found["properties"]) == ["name", "size"]
    assert ("explode" in found) == ("explode" in style)


@pytest.mark.parametrize(
    ("encoding", "style"),
    [({"style": "deepObject", "explode": True}, "deepObject"), (None, None)],
)
def test_object_in_a_form_needs_the_style_of_its_document(encoding: Any, style: str | None) -> None:
    media = {
        "schema": {"type": "object", "properties": {"place": OBJECT, "a": {"type": "string"}}},
        **({"encoding": {"place": encoding}} if encoding else {}),
    }
    body = {"content": {"application/x-www-form-urlencoded": media}}
    made = imported(openapi({"/a": {"post": operation(requestBody=body)}}), offering=False)
    action = made.data["actions"]["get_book"]
    assert action["content_type"] == "application/x-www-form-urlencoded"
    assert (action["input"].get("place") or {}).get("style") == style
    assert ("`place` is not sent" in notes(made)) == (style is None)
    assert load_text(made.text).actions


@pytest.mark.parametrize(
    "parameter",
    [
        query({"type": "object"}),
        query({"type": "array", "items": OBJECT}),
        query({"type": "array", "items": {"type": "array", "items": {"oneOf": [OBJECT]}}}),
        query(OBJECT, explode=False),
    ],
)
def test_parameter_that_no_argument_can_say_is_left_out_or_takes_its_operation_with_it(
    parameter: dict[str, Any],
) -> None:
    paths = {"/a": {"get": operation(parameters=[parameter])}, "/b": {"get": operation(operationId="other")}}
    made = imported(openapi(paths), offering=False)
    assert "input" not in made.data["actions"]["get_book"]
    assert "parameter `q` is not sent" in notes(made)
    parameter = {**parameter, "required": True}
    if "properties" in parameter["schema"]:
        parameter["schema"] = {**parameter["schema"], "required": list(parameter["schema"]["properties"])}
    paths["/a"]["get"]["parameters"] = [parameter]
    made = imported(openapi(paths), offering=False)
    assert list(made.data["actions"]) == ["other"]
    assert "left out: GET /a: required parameter `q` cannot be said" in notes(made)


def test_label_in_a_path_leaves_its_operation_out() -> None:
    label = {"name": "id", "in": "path", "required": True, "style": "label", "schema": {"type": "string"}}
    made = imported(
        openapi(
            {"/a/{id}": {"get": operation(parameters=[label])}, "/b": {"get": operation(operationId="other")}}
        )
    )
    assert list(made.data["actions"]) == ["other"]
    assert "it travels as `label`" in notes(made)


@pytest.mark.parametrize("media", ["application/xml", "application/soap"])
def test_body_that_no_call_sends_leaves_its_operation_out(media: str) -> None:
    body = {
        "required": True,
        "content": {media: {"schema": {"type": "object", "properties": {"a": {"type": "string"}}}}},
    }
    paths = {"/a": {"post": operation(requestBody=body, operationId="send")}, "/b": {"get": operation()}}
    made = imported(openapi(paths))
    assert list(made.data["actions"]) == ["get_book"]
    assert f"left out: POST /a: its body is {media}, which no call of a catalogue sends" in notes(made)
    assert made.left_out == 1


@pytest.mark.parametrize(
    "media", ["application/json", "application/vnd.api+json", "*/*", "application/json; charset=utf-8"]
)
def test_body_that_may_be_json_is_carried(media: str) -> None:
    content = {
        "multipart/form-data": {},
        media: {"schema": {"type": "object", "properties": {"a": {"type": "string"}}}},
    }
    made = imported(openapi({"/a": {"post": operation(requestBody={"required": True, "content": content})}}))
    assert list(made.data["actions"]["get_book"]["input"]) == ["a"]


@pytest.mark.parametrize(
    ("schema", "encoding"),
    [
        ({"type": "string", "format": "binary"}, {"contentType": "image/png, image/gif"}),
        ({"type": "string", "contentMediaType": "image/png, image/gif"}, None),
    ],
)
def test_file_of_a_multipart_body_is_an_argument(schema: dict[str, Any], encoding: Any) -> None:
    media = {
        "schema": {"type": "object", "properties": {"photo": schema, "a": {"type": "string"}}},
        **({"encoding": {"photo": encoding}} if encoding else {}),
    }
    body = {"required": True, "content": {"multipart/form-data": media}}
    made = imported(openapi({"/a": {"post": operation(requestBody=body)}}), offering=False)
    action = made.data["actions"]["get_book"]
    assert action["content_type"] == "multipart/form-data"
    kinds = ["image/png", "image/gif"]
    photo = action["input"]["photo"]
    assert photo == {
        "type": "string",
        "format": "binary",
        "media": kinds,
        "description": photo["description"],
    }
    found = load_text(made.text).actions[0].param("photo")
    assert found is not None
    assert found.file is not None
    assert found.file.media == tuple(kinds)


@pytest.mark.parametrize(
    ("schema", "encoding"),
    [
        ({"type": "string", "contentMediaType": "application/octet-stream"}, None),
        ({"type": "string", "format": "binary"}, {"contentType": "Application/Octet-Stream"}),
        ({"type": "string", "format": "binary"}, {"contentType": "image/png, application/octet-stream"}),
        ({"type": "string", "format": "binary"}, {"contentType": "application/pdf, image/*"}),
    ],
)
def test_file_of_octets_or_of_a_range_of_types_may_have_any_type(
    schema: dict[str, Any], encoding: Any
) -> None:
    """FastAPI documents every upload so; a call with a text file is right."""
    content = {
        "schema": {"type": "object", "properties": {"file": schema}},
        **({"encoding": {"file": encoding}} if encoding else {}),
    }
    body = {"required": True, "content": {"multipart/form-data": content}}
    made = imported(openapi({"/a": {"post": operation(requestBody=body)}}), offering=False)
    file = made.data["actions"]["get_book"]["input"]["file"]
    assert (file["format"], "media" in file) == ("binary", False)


@pytest.mark.parametrize(
    ("media", "schema", "wanted"),
    [
        ("application/json", {"type": "array", "items": {"type": "string"}}, {"items": {"type": "string"}}),
        ("application/json", {"type": "object"}, {"type": "object"}),
        ("text/plain", {"type": "string", "maxLength": 5}, {"type": "string", "maxLength": 5}),
        ("image/png", {}, {"type": "string", "format": "binary"}),
    ],
)
def test_body_without_named_members_is_one_argument(media: str, schema: Any, wanted: Any) -> None:
    body = {"required": True, "content": {media: {"schema": schema}}}
    made = imported(openapi({"/a": {"post": operation(requestBody=body)}}), offering=False)
    action = made.data["actions"]["get_book"]
    found = action["input"]["body"]
    assert (found["in"], found["required"]) == ("whole_body", True)
    assert {key: found[key] for key in wanted} == wanted
    assert action.get("content_type", "application/json") == media
    assert load_text(made.text).actions[0].params[0].place == "whole_body"


def test_form_that_a_reading_call_need_not_send_is_dropped_with_a_message() -> None:
    body = {
        "content": {"application/x-www-form-urlencoded": {"schema": {"type": "object", "properties": {}}}}
    }
    made = imported(
        openapi(
            {
                "/a": {
                    "get": operation(requestBody=body),
                    "post": operation(requestBody=body, operationId="go"),
                }
            }
        )
    )
    assert list(made.data["actions"]) == ["get_book", "go"]
    assert "a body of application/x-www-form-urlencoded that is not an object of named members" in notes(made)


def test_operation_that_only_redirects_is_left_out() -> None:
    redirect = {"302": {"description": "Elsewhere", "headers": {"Location": {"schema": {"type": "string"}}}}}
    paths = {
        "/file": {"get": operation(responses=redirect, operationId="file")},
        "/refused": {
            "get": operation(responses={**redirect, "404": {"description": "No"}}, operationId="refused")
        },
        "/both": {"get": operation(responses={**redirect, **operation()["responses"]}, operationId="both")},
        "/any": {
            "get": operation(responses={**redirect, "default": {"description": "It"}}, operationId="any")
        },
    }
    made = imported(openapi(paths))
    assert list(made.data["actions"]) == ["both", "any"]
    assert "left out: GET /file: it answers a redirect alone (302), and an action needs a 2xx" in notes(made)


def test_media_type_of_errors_is_taken_over() -> None:
    problem = {"description": "No", "content": {"application/problem+json": {"schema": {"type": "object"}}}}
    plain = {"description": "No", **holding({"type": "object"})}
    responses = {**operation()["responses"], "404": problem, "409": problem, "422": plain}
    made = imported(openapi({"/a": {"get": operation(responses=responses)}}))
    errors = made.data["errors"]
    assert errors["content_type"] == "application/problem+json"
    assert {n: c["content_type"] for n, c in errors["codes"].items() if "content_type" in c} == {
        "UNPROCESSABLE": "application/json",
        **{n: "application/json" for n, c in errors["codes"].items() if c.get("only") == []},
    }
    made = imported(openapi({"/a": {"get": operation(responses={**operation()["responses"], "404": plain})}}))
    assert "content_type" not in made.data["errors"]


def test_codes_that_are_no_names_keep_their_values() -> None:
    def refusal(member: str, *values: Any) -> dict[str, Any]:
        schema = {"type": "object", "properties": {member: {"enum": list(values)}}}
        return {"description": "No", **holding(schema)}

    responses = {
        **operation()["responses"],
        "400": refusal("code", "invalid-argument", 20404),
        "404": refusal("code", "https://api.example/errors/gone"),
        "409": refusal("code", "taken"),
    }
    errors = imported(openapi({"/a": {"get": operation(responses=responses)}})).data["errors"]
    assert errors["code_at"] == "code"
    wires = {name: code.get("wire", name) for name, code in errors["codes"].items() if code.get("only") != []}
    assert wires == {
        "INVALID_ARGUMENT": "invalid-argument",
        "BAD_REQUEST_20404": 20404,
        "GONE": "https://api.example/errors/gone",
        "taken": "taken",
    }
    responses = {**operation()["responses"], "400": refusal("colour", "dark-red")}
    assert (
        imported(openapi({"/a": {"get": operation(responses=responses)}})).data["errors"]["code_at"] is None
    )


@pytest.mark.parametrize(
    ("path", "id", "word"),
    [
        ("/books/filter", "booksFilter", "filter"),
        ("/books/search", "post1", "search"),
        ("/q", "queryBooks", "query"),
    ],
)
def test_post_whose_name_says_reading_is_a_write_that_the_author_is_asked_about(
    path: str, id: str, word: str
) -> None:
    made = imported(openapi({path: {"post": operation(operationId=id)}}))
    assert next(iter(made.data["actions"].values()))["effect"] == "write"
    assert f"does it only read, as `{word}` says?" in notes(made)


def test_post_that_only_resembles_a_reading_word_is_not_asked_about() -> None:
    assert "does it only read" not in notes(
        imported(openapi({"/research": {"post": operation(operationId="startResearch")}}))
    )


def test_errors_of_one_status_are_told_apart_by_what_they_are() -> None:
    def error(name: str, description: str) -> dict[str, Any]:
        return {"description": description, **holding({"$ref": f"#/components/schemas/{name}"})}

    schemas = {
        name: {"type": "object", "properties": {name: {"type": "string"}}}
        for name in ("Fault", "BookProblem")
    }
    answers = [error("Fault", "No."), error("BookProblem", "No such book.")]
    paths = {
        f"/{n}": {
            "get": operation(operationId=f"get{n}", responses={**operation()["responses"], "404": answer})
        }
        for n, answer in enumerate(answers)
    }
    made = imported(openapi(paths, components={"schemas": schemas}))
    assert [name for name in made.data["errors"]["codes"] if "FOUND" in name] == [
        "NOT_FOUND",
        "NOT_FOUND_BOOK_PROBLEM",
    ]


def test_schema_in_the_middle_of_a_document_is_named_after_what_it_is() -> None:
    responses = {
        "denied": {
            "description": "No",
            **holding({"type": "object", "properties": {"why": {"type": "string"}}}),
        }
    }
    pointer = "#/components/responses/denied/content/application~1json/schema"
    made = imported(
        openapi(
            {"/a": {"get": operation(responses=answering({"$ref": pointer}))}},
            components={"responses": responses},
        ),
        offering=False,
    )
    assert "denied" in made.data["schemas"]


LONG = (
    "# Introduction\n\nThe [Shop](https://shop.example) sells **things**. "
    + "It has a history of many years. " * 80
)


def test_long_description_becomes_a_sentence_for_people_and_a_part_for_models() -> None:
    document = openapi({"/a": {"get": operation()}})
    document["info"]["description"] = LONG
    made = imported(document)
    assert made.data["api"]["for_people"] == "The Shop sells things."
    assert len(made.data["api"]["for_models"]) <= 1_000
    assert "its first sentence is for people" in notes(made)
    data = load_text(made.text)
    assert "mcp" in data.surfaces
    from pgagents.generate.build import build

    assert [d for d in build(data, only=["mcp"]).diagnostics if d.severity == "error"] == []


def test_short_description_stays_as_it_is() -> None:
    document = openapi({"/a": {"get": operation()}})
    document["info"]["description"] = "Books. And *more* books."
    assert imported(document).data["api"]["for_people"] == "Books. And *more* books."


@pytest.mark.parametrize(
    "text", ["", "#", "# Only a heading", "x" * 300, "word " * 60, "\n\n- a\n- b", "[a](b)"]
)
def test_first_sentence_of_any_text_is_short(text: str) -> None:
    assert len(first_sentence(text, 100)) <= 100


def test_names_that_a_document_gives_twice_are_no_finding_of_our_own_lint(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    body = taking({"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}}})
    path = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
    many = {
        f"/x/{n}": {"get": operation(operationId=f"x{n}")} for n in range(40)
    }  # too many for the GPT builder
    document = openapi({"/books/{id}": {"put": operation(requestBody=body, parameters=[path])}, **many})
    (tmp_path / "doc.json").write_text(json.dumps(document), encoding="utf-8")
    catalogue = tmp_path / "c.yaml"
    assert main(["import", "--full", str(tmp_path / "doc.json"), "--out", str(catalogue)]) == 0
    assert main(["lint", str(catalogue), "--only", "catalogue/same-argument"]) == 0
    assert "1 finding ignored with a reason" in capsys.readouterr().out


def test_media_type_with_parameters_is_carried_without_them(tmp_path: Path) -> None:
    content = {
        "application/json; charset=utf-8": {"schema": {"type": "object"}},
        "text/csv; header=present": {},
    }
    csv = {
        "200": {"description": "It", "content": {"text/csv; header=present": {"schema": {"type": "string"}}}}
    }
    paths = {
        "/a": {"get": operation(responses={"200": {"description": "It", "content": content}})},
        "/b": {"get": operation(operationId="csv", responses=csv)},
    }
    made = imported(openapi(paths))
    assert "content_type" not in made.data["actions"]["get_book"]["output"][200]
    assert made.data["actions"]["csv"]["output"][200]["content_type"] == "text/csv"
    (tmp_path / "c.yaml").write_text(made.text, encoding="utf-8")
    assert main(["build", str(tmp_path / "c.yaml"), "--out", str(tmp_path / "made")]) == 0


def test_summary_tells_the_surfaces_and_counts_in_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = {**openapi({"/a": {"get": operation()}}), "servers": [{"url": "http://library.example"}]}
    (tmp_path / "doc.json").write_text(json.dumps(document), encoding="utf-8")
    assert main(["import", "--full", str(tmp_path / "doc.json"), "--out", str(tmp_path / "c.yaml")]) == 0
    said = capsys.readouterr().out
    assert "1 action of 1 operation, " in said
    assert "surfaces: rest, anthropic, gemini" in said
    assert (
        "not on `openai`: it takes https servers without a port alone, and `api.server` is http://library.example"
        in said
    )


def test_document_without_anything_that_can_be_carried_says_why() -> None:
    body = {"required": True, "content": {"application/xml": {"schema": {"type": "string"}}}}
    with pytest.raises(PgagentsError, match="no operation of the document can be carried over") as raised:
        imported(openapi({"/a": {"post": operation(requestBody=body)}}))
    assert "POST /a: its body is application/xml" in raised.value.help


@pytest.mark.parametrize("media", ["multipart/form-data", "application/x-www-form-urlencoded"])
def test_what_a_catalogue_cannot_say_is_still_compared_between_two_documents(
    media: str, tmp_path: Path
) -> None:
    def document(*members: str) -> dict[str, Any]:
        schema = {
            "type": "object",
            "properties": {m: {"type": "string"} for m in members},
            "required": list(members),
        }
        body = {"required": True, "content": {media: {"schema": schema}}}
        return openapi({"/a": {"post": operation(requestBody=body, operationId="send")}})

    for name, made in (("old", document("a")), ("new", document("a", "b"))):
        (tmp_path / f"{name}.json").write_text(json.dumps(made), encoding="utf-8")
    assert main(["diff", str(tmp_path / "old.json"), str(tmp_path / "new.json")]) == 1
    assert main(["diff", str(tmp_path / "old.json"), str(tmp_path / "old.json")]) == 0


def test_codes_that_a_document_lists_leave_room_for_an_invented_one() -> None:
    """A catalogue must say what refuses a wrong argument; its code is none of the listed ones."""
    body = {"type": "object", "properties": {"code": {"type": "string", "enum": ["missing", "gone"]}}}
    answer = {"description": "Not there", "content": {"application/json": {"schema": body}}}
    document = openapi({"/a": {"get": operation(responses={"200": {"description": "It"}, "404": answer})}})
    made = imported(document)
    assert made.data["errors"]["code_at"] == "code"
    assert made.data["errors"]["codes"]["INVALID"]["code_at"] is None


@pytest.mark.parametrize("more", [{}, {"error": {"properties": {"type": {"enum": ["a", "b"]}}}}])
def test_a_member_that_is_the_same_in_all_errors_is_not_their_code(more: dict[str, Any]) -> None:
    """Anthropic's `{type: error, error: {…}}` and Kubernetes' `{kind: Status, …}`: a 405 has it as well."""
    body = {"type": "object", "properties": {"type": {"const": "error"}, **more}}
    refusal = {"description": "No", **holding(body)}
    responses = {**operation()["responses"], "400": refusal, "404": refusal}
    errors = imported(openapi({"/a": {"get": operation(responses=responses)}})).data["errors"]
    assert errors["code_at"] is None
    assert not [code for code in errors["codes"].values() if "wire" in code]


def json_query(schema: Any, media: str = "application/json", place: str = "query") -> dict[str, Any]:
    return {"name": "q", "in": place, "content": {media: {"schema": schema}}}


def test_json_in_the_query_keeps_its_schema() -> None:
    schema = {"type": "object", "properties": {"limit": {"type": "integer", "minimum": 1}}}
    taken = inputs(json_query(schema))["q"]
    assert (taken["type"], taken["content_type"]) == ("object", "application/json")
    assert taken["properties"]["limit"] == {"type": "integer", "minimum": 1}


@pytest.mark.parametrize(
    "written",
    [
        json_query({"type": "object"}, media="application/xml"),
        json_query({"type": "object"}, place="header"),
        {"name": "q", "in": "query", "content": {"application/json": {}}},
    ],
)
def test_what_is_no_described_json_in_the_query_stays_one_text(written: dict[str, Any]) -> None:
    taken = inputs(written)["q"]
    assert taken["type"] == "string"
    assert "content_type" not in taken


@pytest.mark.parametrize(
    ("described", "content"),
    [({}, False), ({"content": {"application/json": {"schema": {"type": "object"}}}}, True)],
)
def test_an_error_without_a_described_body_has_none_in_the_built_document(
    described: dict[str, Any], content: bool
) -> None:
    """Alertmanager's document says nothing of the body of a 404, and the server sends none (2026-11-26)."""
    answers = {"200": {"description": "ok"}, "404": {"description": "There is none", **described}}
    made = imported(openapi({"/a": {"get": operation(responses=answers)}}), offering=False)
    built = build(load_text(made.text), only=["openapi"])
    document = next(file.data for file in built.files if str(file.path).endswith("openapi.json"))
    assert ("content" in json.loads(document)["components"]["responses"]["NOT_FOUND.keyless"]) is content


def test_an_authors_error_of_any_form_keeps_its_body_in_the_built_document() -> None:
    """Only where a document alone is known may an error have no body at all."""
    body = "Error: {type: object, properties: {detail: {type: string}}, required: [detail]}"
    assert body in NOTES
    built = build(load_text(NOTES.replace(body, "Error: {description: Any body}")), only=["openapi"])
    document = next(file.data for file in built.files if str(file.path).endswith("openapi.json"))
    assert all("content" in one for one in json.loads(document)["components"]["responses"].values())
