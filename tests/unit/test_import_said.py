"""An import says the truth of a document: of its answers, of its alternatives, and of what is lost."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from importing import imported, openapi, operation
from pgagents.base.jsonschema.schema import validator
from pgagents.base.places import plain
from pgagents.catalogue.language.schemas import schema_node
from pgagents.generate.dialect import ANTHROPIC, GEMINI, MCP, OPENAI_STRICT, Dialect
from pgagents.generate.lower import lower
from pgagents.importer.alternatives import write_alternatives


def obj(**members: Any) -> dict[str, Any]:
    """An object with these members."""
    return {"type": "object", "properties": members}


def array(**members: Any) -> dict[str, Any]:
    """A list of objects with these members."""
    return {"type": "array", "items": obj(**members)}


def answering(schema: Any) -> dict[str, Any]:
    """The responses of an operation that answers this."""
    return {"200": {"description": "ok", "content": {"application/json": {"schema": schema}}}}


TEXT = {"type": "string"}
NUMBER = {"type": "integer"}
LINES = array(sku=TEXT, n=NUMBER)


def describe(schema: Any, **more: Any) -> str:
    """The description of an action that answers this."""
    data = imported(openapi({"/book": {"get": operation(responses=answering(schema), **more)}})).data
    return str(data["actions"]["get_book"]["description"])


@pytest.mark.parametrize(
    ("schema", "sentence"),
    [
        (obj(name=TEXT, lid=obj(colour=TEXT), tags=array(label=TEXT)), "`name`, `lid` and `tags`"),
        (obj(id=TEXT, home=obj(city=TEXT, rooms=array(size=NUMBER))), "`id` and `home`"),
        ({"allOf": [obj(id=TEXT, total={"type": "number"}), obj(lines=LINES)]}, "`id`, `total` and `lines`"),
        (obj(total={"type": "number"}, lines=LINES), "`total` and `lines`"),
        (obj(cluster=obj(name=TEXT, peers=array(host=TEXT)), uptime=TEXT), "`cluster` and `uptime`"),
    ],
)
def test_object_with_a_list_is_no_list(schema: Any, sentence: str) -> None:
    assert describe(schema) == f"Get a book. Returns {sentence}."


@pytest.mark.parametrize(
    "schema",
    [
        LINES,
        obj(lines=LINES),
        obj(lines=LINES, total=NUMBER, next_cursor=TEXT, has_more={"type": "boolean"}),
        obj(lines=LINES, limit=NUMBER, next_marker=TEXT, prev_marker=TEXT),
        obj(data=obj(lines=LINES), meta=obj(size=NUMBER), _links=obj(next=TEXT)),
        obj(lines=LINES, first_page_uri=TEXT, **{"@odata.nextLink": TEXT, "per-page": NUMBER}),
    ],
)
def test_list_with_what_tells_of_it_is_a_list(schema: Any) -> None:
    assert describe(schema) == "Get a book. Returns a list, with `sku` and `n` of each item."


def test_read_that_goes_on_is_a_list_whatever_stands_beside_it() -> None:
    cursor = {"name": "cursor", "in": "query", "description": "Where it goes on", "schema": TEXT}
    schema = obj(lines=LINES, facets=obj(shop=TEXT), next_cursor=TEXT)
    assert describe(schema).endswith("Returns `lines`, `facets` and `next_cursor`.")
    assert describe(schema, parameters=[cursor]).endswith("Returns a list, with `sku` and `n` of each item.")


# -- what is left out is listed


def lost(document: dict[str, Any], kind: str = "lost") -> list[str]:
    """The messages of an import about parts of a document that it does not carry."""
    return [note.message for note in imported(document, offering=False).notes if note.kind == kind]


def test_methods_of_any_name_are_left_out_by_name() -> None:
    further = {"COPY": operation(operationId="copy"), "PURGE": operation(operationId="purge")}
    document = openapi({"/book": {"get": operation(), "additionalOperations": further}}, openapi="3.2.0")
    why = "agents call GET, QUERY, POST, PUT, PATCH and DELETE"
    assert lost(document, "left out") == [f"COPY /book: {why}", f"PURGE /book: {why}"]


def test_items_of_a_stream_and_a_whole_query_are_listed() -> None:
    stream = {"text/event-stream": {"itemSchema": obj(event=TEXT)}}
    whole = {"name": "q", "in": "querystring", "content": {"application/json": {"schema": obj(a=TEXT)}}}
    book = operation(responses={"200": {"description": "ok", "content": stream}}, parameters=[whole])
    told = lost(openapi({"/book": {"get": book}}, openapi="3.2.0"))
    assert "text/event-stream is one text; what its items are (`itemSchema`) is not carried" in told
    assert any(message.startswith("the whole query as one value (`in: querystring`)") for message in told)


def test_header_for_a_key_is_listed() -> None:
    header = {"name": "authorization", "in": "header", "required": True, "schema": TEXT}
    told = lost(openapi({"/book": {"get": operation(parameters=[header])}}))
    assert [message.partition(":")[0] for message in told] == ["header `authorization` is not an argument"]


@pytest.mark.parametrize("place", ["query", "multipart/form-data", "application/x-www-form-urlencoded"])
@pytest.mark.parametrize(
    "stray",
    [{"properties": {"id": TEXT}, "required": ["id"]}, {"items": TEXT}, {"additionalProperties": TEXT}],
)
def test_keywords_of_another_type_leave_no_operation_out(place: str, stray: dict[str, Any]) -> None:
    schema = {"type": "string", "description": "The id", **stray}
    if place == "query":
        book = operation(parameters=[{"name": "id", "in": "query", "required": True, "schema": schema}])
    else:
        book = operation(requestBody={"content": {place: {"schema": obj(id=schema)}}})
    document = openapi({"/book": {"get" if place == "query" else "post": book}})
    argument = imported(document, offering=False).data["actions"]["get_book"]["input"]["id"]
    assert {key: argument[key] for key in argument if key != "required"} == {
        "type": "string",
        "description": "The id",
    }
    assert sum("has no effect here" in message for message in lost(document)) == len(stray)


def test_one_code_in_two_bodies_is_one_code() -> None:
    def refusing(**members: Any) -> dict[str, Any]:
        body = obj(type={"type": "string", "enum": ["https://errors.example/expired"]}, **members)
        refused = {"description": "Expired", "content": {"application/json": {"schema": body}}}
        return {**answering(obj(id=TEXT)), "409": refused}

    paths = {
        "/book": {"get": operation(responses=refusing(detail=TEXT))},
        "/page": {"get": operation(operationId="getPage", responses=refusing(until=NUMBER))},
        "/shelf": {"get": operation(operationId="getShelf")},
    }
    data = imported(openapi(paths), offering=False).data
    named = [data["actions"][name]["errors"] for name in ("get_book", "get_page")]
    assert named[0] == named[1]
    codes = [code for code in data["errors"]["codes"].values() if "expired" in str(code)]
    assert len(codes) == 1


# -- alternatives that a discriminator names


KIND = {"type": "string", "description": "The kind"}
DOG = {"type": "object", "required": ["bark"], "properties": {"bark": {"type": "string"}}}
CAT = {"type": "object", "required": ["lives"], "properties": {"lives": {"type": "integer"}}}
PET = {"$ref": "#/components/schemas/Pet"}


def extending(mapping: dict[str, str] | None, kind: Any = KIND, **more: Any) -> dict[str, Any]:
    """A document whose pet is extended by a dog and a cat."""
    told = {"propertyName": "kind", **({"mapping": mapping} if mapping else {})}
    members = {"kind": kind, "name": {"type": "string"}}
    schemas = {
        "Pet": {"type": "object", "required": ["kind"], "discriminator": told, "properties": members},
        "Dog": {"allOf": [PET, DOG]},
        "Cat": {"allOf": [PET, CAT]},
        **more,
    }
    body = {"required": True, "content": {"application/json": {"schema": PET}}}
    paths = {"/book": {"post": operation(requestBody=body, responses=answering(PET))}}
    return openapi(paths, components={"schemas": schemas})


MAPPED = {"dog": "#/components/schemas/Dog", "cat": "Cat"}


def accepts(got: Any, name: str, value: Any) -> bool:
    """True if a schema of the catalogue takes a value."""
    return bool(validator(got.model.schemas[name], got.model.schemas).is_valid(value))


def test_schemas_that_extend_another_one_are_its_alternatives() -> None:
    got = imported(extending(MAPPED))
    body = got.data["actions"]["get_book"]["input"]["body"]
    kinds = [branch["properties"]["kind"]["enum"] for branch in body["anyOf"]]
    assert (kinds, [sorted(branch["required"]) for branch in body["anyOf"]]) == (
        [["dog"], ["cat"]],
        [["bark", "kind"], ["kind", "lives"]],
    )
    assert all("name" in branch["properties"] for branch in body["anyOf"])
    assert not [note for note in got.notes if "discriminator" in note.message]
    assert accepts(got, "Pet", {"kind": "dog", "bark": "loud", "name": "Rex"})
    assert not accepts(got, "Pet", {"kind": "dog", "lives": 9})
    assert not accepts(got, "Pet", {"kind": "bird"})


@pytest.mark.parametrize("dialect", [ANTHROPIC, MCP, OPENAI_STRICT, GEMINI], ids=lambda d: str(d.name))
def test_values_of_a_mapping_are_in_each_tool(dialect: Dialect) -> None:
    model = imported(extending(MAPPED)).model
    action = model.action("get_book")
    assert action is not None
    lowered, _ = lower(action.params[0].schema, model.schemas, dialect, sent=True)
    assert {"dog", "cat"} <= set(re.findall(r'"(dog|cat)"', json.dumps(plain(lowered))))


def test_values_that_a_mapping_lacks_are_the_base_alone() -> None:
    got = imported(extending(MAPPED, {**KIND, "enum": ["dog", "cat", "fish"]}))
    assert accepts(got, "Pet", {"kind": "fish"})
    assert not accepts(got, "Pet", {"kind": "dog"})


def test_without_a_mapping_no_value_is_promised_and_the_loss_says_so() -> None:
    got = imported(extending(None))
    assert accepts(got, "Pet", {"kind": "a dog", "bark": "loud"})
    (note,) = [note for note in got.notes if "discriminator" in note.message]
    assert note.message == "`discriminator` is not carried: the document does not say its values"
    assert note.source.endswith("#/components/schemas/Pet")
    assert {"Dog", "Cat", "PetBase"} <= got.data["schemas"].keys()


def test_names_that_the_document_lists_as_values_are_the_values() -> None:
    got = imported(extending(None, {**KIND, "enum": ["Dog", "Cat"]}))
    assert not accepts(got, "Pet", {"kind": "Dog", "lives": 9})
    assert accepts(got, "Pet", {"kind": "Dog", "bark": "loud"})


def test_extended_schema_that_lists_its_heirs_is_no_circle() -> None:
    document = extending(MAPPED)
    heirs = [{"$ref": f"#/components/schemas/{name}"} for name in ("Dog", "Cat")]
    document["components"]["schemas"]["Pet"]["oneOf"] = heirs
    got = imported(document)
    assert accepts(got, "Pet", {"kind": "dog", "bark": "loud"})
    assert not accepts(got, "Pet", {"kind": "dog", "lives": 9})


def test_alternative_without_a_name_is_kept() -> None:
    document = extending(MAPPED)
    bird = {"type": "object", "required": ["wings"], "properties": {"wings": {"type": "integer"}}}
    document["components"]["schemas"]["Pet"]["oneOf"] = [{"$ref": "#/components/schemas/Dog"}, bird]
    written = write_alternatives(document)["components"]["schemas"]["Pet"]
    assert bird in written["oneOf"]


def test_listed_alternatives_have_the_values_of_the_mapping() -> None:
    shape = {
        "oneOf": [{"$ref": "#/components/schemas/Round"}, {"$ref": "#/components/schemas/Flat"}],
        "discriminator": {
            "propertyName": "kind",
            "mapping": {"r1": "#/components/schemas/Round", "f1": "Flat"},
        },
    }
    kinds = {"Round": {**DOG, "required": ["kind"]}, "Flat": {**CAT, "required": ["kind"]}}
    for schema in kinds.values():
        schema["properties"] = {**schema["properties"], "kind": KIND}
    got = imported(
        openapi({"/book": {"get": operation(responses=answering(shape))}}, components={"schemas": kinds})
    )
    output = got.data["actions"]["get_book"]["output"][200]
    assert [branch["allOf"][1]["properties"]["kind"]["enum"] for branch in output["oneOf"]] == [
        ["r1"],
        ["f1"],
    ]
    assert not [note for note in got.notes if "discriminator" in note.message]


def test_heirs_of_swagger_are_alternatives_too() -> None:
    pet = {"$ref": "#/definitions/Pet"}
    kind = {"type": "string", "enum": ["Dog", "Cat"]}
    document = {
        "swagger": "2.0",
        "info": {"title": "Pets", "version": "1.0.0"},
        "host": "pets.example",
        "paths": {
            "/pet": {
                "get": {"operationId": "getPet", "responses": {"200": {"description": "A", "schema": pet}}}
            }
        },
        "definitions": {
            "Pet": {
                "type": "object",
                "discriminator": "kind",
                "required": ["kind"],
                "properties": {"kind": kind},
            },
            "Dog": {"allOf": [pet, DOG]},
            "Cat": {"allOf": [pet, CAT]},
        },
    }
    got = imported(document)
    assert accepts(got, "Pet", {"kind": "Cat", "lives": 9})
    assert not accepts(got, "Pet", {"kind": "Cat"})


def test_alternatives_of_a_hostile_document_are_read_in_bounded_time() -> None:
    schemas: dict[str, Any] = {
        f"S{n}": {
            "type": "object",
            "discriminator": {"propertyName": "kind"},
            "properties": {"kind": KIND},
            "allOf": [{"$ref": f"#/components/schemas/S{m}"} for m in (n - 1, 0, n) if m >= 0],
        }
        for n in range(400)
    }
    paths = {"/book": {"get": operation(responses=answering({"$ref": "#/components/schemas/S0"}))}}
    written = write_alternatives(openapi(paths, components={"schemas": schemas}))
    branches = [len(schema.get("anyOf", ())) for schema in written["components"]["schemas"].values()]
    assert sum(branches) <= 20_400


def test_values_of_a_catalogue_s_mapping_are_in_each_tool() -> None:
    reach = {
        "oneOf": [{"$ref": "Mail"}, {"$ref": "Call"}],
        "discriminator": {"propertyName": "kind", "mapping": {"mail": "Mail", "call": "Call"}},
    }
    named = {
        name: {"type": "object", "required": ["kind"], "properties": {"kind": KIND}}
        for name in ("Mail", "Call")
    }
    nodes = {name: schema_node(schema, ("schemas", name)) for name, schema in named.items()}
    lowered, _ = lower(schema_node(reach, ("x",)), nodes, ANTHROPIC)
    text = json.dumps(plain(lowered))
    assert '["mail"]' in text
    assert '["call"]' in text


def test_order_of_tags_and_empty_values_are_listed() -> None:
    tags = [{"name": "books"}, {"name": "novels", "parent": "books", "kind": "nav"}]
    flag = {"name": "all", "in": "query", "allowEmptyValue": True, "schema": {"type": "boolean"}}
    text = {"name": "q", "in": "query", "allowEmptyValue": True, "schema": TEXT}
    told = lost(openapi({"/book": {"get": operation(parameters=[flag, text])}}, openapi="3.2.0", tags=tags))
    assert told == [
        "an empty value in its place (`allowEmptyValue`) is not sent",
        "the order of tags (`parent`, `kind`) is not carried: novels",
    ]


def test_lists_with_tabs_of_swagger_are_listed() -> None:
    names = {"name": "names", "in": "query", "type": "array", "items": {"type": "string"}}
    path = {"get": operation(parameters=[{**names, "collectionFormat": "tsv"}], responses={"200": {}})}
    document = {"swagger": "2.0", "info": {"title": "Old", "version": "1"}, "host": "old.example"}
    told = lost({**document, "schemes": ["https"], "paths": {"/book": path}})
    assert "a list that travels as `tsv` is one text here; its schema is not carried" in told
