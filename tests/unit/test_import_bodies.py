"""A body's arguments are required, and have values, exactly as its document says."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from importing import SWAGGER, answering, imported, openapi, operation, taking
from pgagents.catalogue.load import load_text
from pgagents.importer.catalogue import Imported
from pgagents.verify.cases.boundary import boundary_values
from pgagents.verify.cases.invalid import invalid_cases_of
from pgagents.verify.fixtures.request_template import GUESS, template_of
from pgagents.verify.setting import Setting, compile_catalogue
from pgagents.verify.values.made_up import Choice, make_up

TEXT, WHOLE = {"type": "string"}, {"type": "integer"}
FORM = "application/x-www-form-urlencoded"


def thing(*required: str, **properties: Any) -> dict[str, Any]:
    """Return an object's schema."""
    return {"type": "object", "properties": properties} | ({"required": [*required]} if required else {})


CAT = thing("kind", "name", kind={"const": "cat"}, name=TEXT)
DOG = thing("kind", "bark", kind={"const": "dog"}, bark=WHOLE)
SCHEMAS = {"Base": thing(name=TEXT, id=WHOLE), "Cat": CAT, "Dog": DOG}


def named(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


def send(schema: Any, **more: Any) -> Imported:
    """Import an action with a required JSON body of this schema."""
    post = {"operationId": "send", "requestBody": taking(schema), "responses": answering({"type": "object"})}
    made = imported(
        openapi({"/a": {"post": {**post, **more}}}, components={"schemas": SCHEMAS}), offering=False
    )
    assert load_text(made.text).actions
    return made


def inputs(schema: Any, **more: Any) -> dict[str, Any]:
    return dict(send(schema, **more).data["actions"]["send"].get("input", {}))


def lost(made: Imported) -> list[str]:
    return [note.message for note in made.notes if note.kind == "lost"]


def setting(made: Imported) -> Setting:
    return Setting(compile_catalogue(made.model, "https://library.example"))


@pytest.mark.parametrize(
    "schema",
    [
        {"required": ["name"], "allOf": [named("Base")]},
        {"allOf": [{"required": ["name"]}, named("Base")]},
        {"allOf": [named("Base"), {"required": ["name"]}]},
        {"allOf": [{"allOf": [{"required": ["name"]}]}, {"allOf": [named("Base")]}]},
    ],
)
def test_required_member_is_required_wherever_it_is_described(schema: Any) -> None:
    found = inputs(schema)
    assert found == {"name": {**found["name"], "required": True}, "id": found["id"]}
    assert "required" not in found["id"]


@pytest.mark.parametrize(
    "schema",
    [
        {"oneOf": [CAT]},
        {"anyOf": [CAT, {"type": "null"}]},
        {"anyOf": [{"type": "null"}, named("Cat")], "title": "Pet"},
        {"oneOf": [{"enum": [None]}, {"const": None}, CAT]},
        {"anyOf": [{"allOf": [named("Cat")]}]},
    ],
)
def test_lone_alternative_is_no_choice(schema: Any) -> None:
    made = send(schema)
    found = made.data["actions"]["send"]["input"]
    assert {name: member.get("required") for name, member in found.items()} == {"kind": True, "name": True}
    assert not any("schemas" in message for message in lost(made))


def test_body_that_may_also_be_a_list_is_sent_as_its_object() -> None:
    made = send({"anyOf": [CAT, {"type": "array", "items": CAT}]})
    assert made.data["actions"]["send"]["input"]["name"]["required"]
    assert "the body is `anyOf` 2 schemas; calls send the one that is an object" in lost(made)


def test_list_or_text_stays_one_argument_without_a_loss() -> None:
    made = send({"anyOf": [{"type": "array", "items": TEXT}, TEXT]})
    assert made.data["actions"]["send"]["input"]["body"]["in"] == "whole_body"
    assert not any("the body is" in message for message in lost(made))


BASED = [{"allOf": [named("Base"), thing(key, **{key: TEXT})]} for key in ("meow", "bark")]


@pytest.mark.parametrize(
    ("schema", "bodies"),
    [
        ({"oneOf": [named("Cat"), named("Dog")]}, [{"kind": "cat", "name": "x"}, {"kind": "dog", "bark": 0}]),
        ({"anyOf": [{"type": "null"}, {"oneOf": [CAT, DOG]}]},
         [{"kind": "cat", "name": "x"}, {"kind": "dog", "bark": 0}]),
        ({"allOf": [{"oneOf": [CAT, DOG]}]}, [{"kind": "cat", "name": "x"}, {"kind": "dog", "bark": 0}]),
        ({"oneOf": [thing("value", value=WHOLE), thing("value", "unit", value=TEXT, unit=TEXT)]},
         [{"value": 0}, {"value": "x", "unit": "x"}]),
        ({"oneOf": BASED}, [{"meow": "x"}, {"bark": "x"}]),
        ({"oneOf": [CAT, {"oneOf": BASED}]}, [{"kind": "cat", "name": "x"}, {"meow": "x"}, {"bark": "x"}]),
    ],
)  # fmt: skip
def test_choice_of_objects_is_one_argument_and_every_object_is_sent(
    schema: Any, bodies: list[dict[str, Any]]
) -> None:
    """An ordinary call is one that the document allows, and no call with a right body counts as wrong."""
    made = send(schema)
    found = made.data["actions"]["send"]["input"]
    assert (list(found), found["body"]["in"], found["body"]["required"]) == (["body"], "whole_body", True)
    asked = setting(made)
    endpoint = asked.endpoints[0]
    assert template_of(asked.model, endpoint.action).input == {"body": GUESS}
    param = endpoint.action.param("body")
    assert param is not None
    choice = Choice(date(2026, 11, 26), 0, 0, "pgv-0123456789abcdef-1")
    value = make_up("body", param.schema, asked.model.schemas, choice)
    assert asked.test_argument(endpoint, param).is_valid(value)
    assert value.keys() == bodies[0].keys()
    sent = [given["body"] for name, given, _ in boundary_values(asked, endpoint) if name.startswith("branch")]
    assert sent == bodies[1:]
    refused = [case.call.input.get("body") for case in invalid_cases_of(asked, endpoint)]
    assert not [body for body in refused if body in bodies]
    assert not any("none required" in message for message in lost(made))


def test_example_of_a_body_that_is_one_argument_is_the_ordinary_call() -> None:
    body = taking({"oneOf": [CAT, DOG]})
    body["content"]["application/json"]["examples"] = {"a-dog": {"value": {"kind": "dog", "bark": 3}}}
    made = send({}, requestBody=body)
    assert made.data["actions"]["send"]["examples"] == {
        "a-dog": {"input": {"body": {"kind": "dog", "bark": 3}}}
    }


@pytest.mark.parametrize(
    ("schema", "required"),
    [
        ({"anyOf": [thing("isbn", isbn=TEXT), thing("isbn", "title", isbn=TEXT, title=TEXT)]}, ["isbn"]),
        ({"oneOf": [thing(isbn=TEXT), thing(title=TEXT)]}, []),
        ({**thing(a=TEXT, b=TEXT), "anyOf": [{"required": ["a"]}, {"required": ["a", "b"]}]}, ["a"]),
        ({**thing(a=TEXT, b=TEXT), "anyOf": [{"required": ["a"]}, {"required": ["b"]}]}, []),
        ({**thing("a", a=TEXT), "anyOf": [thing(b=TEXT), thing(c=TEXT)]}, ["a"]),
    ],
)
def test_member_that_every_alternative_requires_is_required(schema: Any, required: list[str]) -> None:
    made = send(schema)
    found = made.data["actions"]["send"]["input"]
    assert [name for name, member in found.items() if member.get("required")] == required
    assert "body" not in found
    assert any("2 schemas; here it is their members" in message for message in lost(made))


@pytest.mark.parametrize(
    ("one", "other", "wanted"),
    [
        (TEXT, {**TEXT, "title": "Other"}, TEXT),
        (TEXT, WHOLE, {"anyOf": [TEXT, WHOLE]}),
        ({"const": "a"}, {"const": "b"}, {"enum": ["a", "b"]}),
        ({**TEXT, "const": "a"}, {**TEXT, "enum": ["b", "a"]}, {**TEXT, "enum": ["a", "b"]}),
        ({"const": 1}, {"const": True}, {"enum": [1, True]}),
        (TEXT, {}, {}),
    ],
)
def test_member_of_several_alternatives_takes_the_values_of_each(one: Any, other: Any, wanted: Any) -> None:
    """A form cannot be one argument, so its members are arguments in any case."""
    content = {FORM: {"schema": {"oneOf": [thing("kind", kind=one), thing("kind", "b", kind=other, b=TEXT)]}}}
    found = inputs({}, requestBody={"required": True, "content": content})
    kind = {key: value for key, value in found["kind"].items() if key not in ("title", "description")}
    assert kind == {**wanted, "required": True}
    assert "required" not in found["b"]


@pytest.mark.parametrize(
    ("parts", "wanted"),
    [
        ([TEXT, {"enum": ["a", "b"]}], {**TEXT, "enum": ["a", "b"]}),
        ([{"description": "A"}, {**TEXT, "description": "B"}], {**TEXT, "description": "B"}),
        ([{**TEXT, "maxLength": 5}, {**TEXT, "maxLength": 4}],
         {**TEXT, "maxLength": 5, "allOf": [{**TEXT, "maxLength": 4}]}),
        ([named("Cat"), {"type": "object", "minProperties": 1}],
         {"type": "object", "minProperties": 1, "allOf": [{"$ref": "Cat"}]}),
    ],
)  # fmt: skip
def test_member_of_several_parts_meets_all_of_them(parts: list[Any], wanted: Any) -> None:
    found = inputs({"allOf": [thing(it=part) for part in parts]})["it"]
    assert {key: found[key] for key in wanted} == wanted
    assert found.keys() - wanted.keys() <= {"description"}


def test_alternative_narrows_a_member_of_the_schema_around_it_where_each_does() -> None:
    around = thing("kind", kind=TEXT, size=WHOLE)
    found = inputs(
        {**around, "oneOf": [thing(kind={"const": "a"}), thing(kind={"const": "b"}, size={"maximum": 3})]}
    )
    assert found["kind"]["enum"] == ["a", "b"]
    assert "maximum" not in found["size"]


def test_member_that_only_a_server_sets_is_required_of_nobody() -> None:
    schema = {"required": ["id", "name"], "allOf": [thing(id={**WHOLE, "readOnly": True}, name=TEXT)]}
    found = inputs({"anyOf": [schema, thing("name", name=TEXT)]})
    assert list(found) == ["name"]
    assert found["name"]["required"]


def test_alternatives_of_other_documents_keep_their_references(tmp_path: Path) -> None:
    for kind in ("cat", "dog"):
        size = {"$ref": "#/Size"}
        document = {"Pet": thing("size", size=size, **{kind: TEXT}), "Size": {"enum": [f"{kind}-size"]}}
        (tmp_path / f"{kind} pet.json").write_text(json.dumps(document), encoding="utf-8")
    pets = [{"$ref": f"{kind}%20pet.json#/Pet"} for kind in ("cat", "dog")]
    content = {FORM: {"schema": {"oneOf": pets}}}
    post = {"operationId": "send", "requestBody": {"required": True, "content": content}}
    post["responses"] = answering({"type": "object"})
    (tmp_path / "all.json").write_text(json.dumps(openapi({"/a": {"post": post}})), encoding="utf-8")
    made = imported(tmp_path / "all.json", offering=False)
    size = made.data["actions"]["send"]["input"]["size"]
    allowed = [made.data["schemas"][made.data["schemas"].get(one["$ref"], {}).get("$ref", one["$ref"])]
               for one in size["anyOf"]]  # fmt: skip
    assert [one["enum"] for one in allowed] == [["cat-size"], ["dog-size"]]


XML, PARTS = "application/xml", "multipart/form-data"
OK = {"200": {"description": "It"}}
IN_BODY = {"name": "b", "in": "body", "required": True, "schema": thing(x=TEXT)}
FIELD = {"name": "note", "in": "formData", "type": "string"}
FILE = {"name": "file", "in": "formData", "type": "file", "required": True}


def swagger(
    parameters: list[Any], *, root: list[str] | None = None, own: list[str] | None = None
) -> Imported:
    """Import a Swagger document with one action that has a body, and another one without."""
    post: dict[str, Any] = {"operationId": "send", "parameters": parameters, "responses": OK}
    document = {
        **{key: SWAGGER[key] for key in ("swagger", "info", "host")},
        **({} if root is None else {"consumes": root}),
        "paths": {
            "/a": {
                "post": {**post, **({} if own is None else {"consumes": own})},
                "get": {"operationId": "find", "responses": OK},
            }
        },
    }
    made = imported(document, offering=False)
    assert load_text(made.text).actions
    return made


@pytest.mark.parametrize("consumes", [{"root": [XML]}, {"own": [XML], "root": ["application/json"]}])
def test_body_that_a_swagger_document_has_in_xml_alone_leaves_its_operation_out(consumes: Any) -> None:
    made = swagger([IN_BODY], **consumes)
    assert list(made.data["actions"]) == ["find"]
    told = [str(note) for note in made.notes if note.kind == "left out"]
    assert told[0].startswith("POST /a: its body is application/xml, which no call of a catalogue sends")


@pytest.mark.parametrize(
    ("consumes", "media"),
    [
        ({}, None),
        ({"root": []}, None),
        ({"root": [XML, "application/json"]}, None),
        ({"root": [XML], "own": []}, None),
        ({"root": ["application/json"], "own": ["application/vnd.api+json"]}, "application/vnd.api+json"),
        ({"own": [XML, FORM]}, FORM),
    ],
)
def test_body_of_a_swagger_document_has_a_type_that_it_names(consumes: Any, media: str | None) -> None:
    found = swagger([IN_BODY], **consumes).data["actions"]["send"]
    assert found.get("content_type") == media
    assert list(found["input"]) == ["x"]


@pytest.mark.parametrize(
    ("fields", "consumes", "media"),
    [
        ([FIELD], None, FORM),
        ([FIELD], ["application/json", FORM], FORM),
        ([FIELD], ["application/json"], FORM),
        ([FIELD], [XML, PARTS, FORM], PARTS),
        ([FILE, FIELD], [FORM, PARTS], PARTS),
        ([FILE], ["application/json"], PARTS),
        ([FILE], None, PARTS),
    ],
)
def test_form_fields_are_sent_as_a_form(fields: Any, consumes: Any, media: str) -> None:
    found = swagger(fields, root=consumes).data["actions"]["send"]
    assert found["content_type"] == media
    assert {name: member.get("format") for name, member in found["input"].items()} == {
        field["name"]: "binary" if field["type"] == "file" else None for field in fields
    }


def upload(schema: Any, *required: str) -> Imported:
    """Import an action with a multipart body of a title and this member, and another action."""
    content = {PARTS: {"schema": thing(*required, photos=schema, title=TEXT)}}
    post = operation(operationId="send", requestBody={"required": True, "content": content})
    made = imported(openapi({"/a": {"post": post, "get": operation()}}), offering=False)
    assert load_text(made.text).actions
    return made


BYTES = {"type": "string", "format": "binary"}
OCTETS = {"type": "string", "contentMediaType": "application/octet-stream"}
FILES = {"type": "array", "items": BYTES}


@pytest.mark.parametrize(
    "schema",
    [
        FILES,
        {"type": "array", "items": OCTETS},
        {"anyOf": [FILES, {"type": "null"}]},
        {"anyOf": [FILES, BYTES]},
    ],
)
def test_list_of_files_is_left_out_and_takes_its_operation_with_it_if_required(schema: Any) -> None:
    """No argument has several files, and a list of texts would be wrong."""
    made = upload(schema)
    assert list(made.data["actions"]["send"]["input"]) == ["title"]
    assert "`photos` is not sent: it is a list of files" in lost(made)
    made = upload(schema, "photos")
    assert list(made.data["actions"]) == ["get_book"]
    told = [note.message for note in made.notes if note.kind == "left out"]
    assert told == ["POST /a: the form's `photos` cannot be said: it is a list of files"]
    assert not any("JSON holds no bytes" in message for message in lost(made))


@pytest.mark.parametrize("schema", [BYTES, {"anyOf": [BYTES, {"type": "null"}]}, {"allOf": [OCTETS]}])
def test_lone_file_is_a_file_also_where_it_may_be_null(schema: Any) -> None:
    assert upload(schema).data["actions"]["send"]["input"]["photos"]["format"] == "binary"


def test_list_of_texts_in_a_multipart_body_stays_a_list() -> None:
    found = upload({"type": "array", "items": TEXT}, "photos").data["actions"]["send"]["input"]["photos"]
    assert (found["type"], found["required"]) == ("array", True)


def test_a_list_in_a_form_or_an_object_in_a_query_is_wrong_only_if_its_texts_are() -> None:
    """`tags=` with no tag sends nothing, and `made[lt]=9` may be a number or a text."""
    schema = thing("name", name=TEXT, tags={"type": "array", "minItems": 1, "items": TEXT})
    body = {"required": True, "content": {FORM: {"schema": schema}}}
    made = send(schema, requestBody=body, parameters=[
        {"name": "made", "in": "query", "style": "deepObject", "schema": thing(lt=WHOLE)},
    ])  # fmt: skip
    asked = setting(made)
    wrong = {case.detail for case in invalid_cases_of(asked, asked.endpoints[0])}
    assert wrong == {"required/name"}


def test_a_change_of_one_member_is_not_that_of_a_time() -> None:
    """A beginning alone may lie behind its end."""
    start = {"$ref": "#/components/schemas/Moment"}
    body = {"content": {"application/json": {"schema": thing(starts_at=start, note=TEXT)}}}
    change = operation(operationId="change", requestBody=body)
    document = openapi(
        {"/bookings/{id}": {"patch": change}},
        components={"schemas": {"Moment": {"type": "string", "format": "date-time"}}},
    )
    asked = setting(imported(document))
    assert "starts_at" not in template_of(asked.model, asked.endpoints[0].action).input
