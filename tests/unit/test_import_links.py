"""OpenAPI's links become the way to come by a resource, or `refers_to`; what cannot be said is a loss."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from contains.shelf import DOCUMENT
from importing import imported as imported_whole
from pgagents.catalogue.load import load_text
from pgagents.importer.catalogue import Imported
from pgagents.importer.inference.links import MOST

MADE = ("paths", "/books", "post", "responses", "201")
READ = ("paths", "/books/{book_id}", "get", "responses", "200")
LISTED = ("paths", "/books", "get", "responses", "200")
SHELF = ("paths", "/shelves/{code}")


def document(*changes: tuple[tuple[str, ...], Any]) -> dict[str, Any]:
    """Return the library's document without links, and with other values at these places."""
    made = copy.deepcopy(DOCUMENT)
    for at in (MADE, READ):
        del find(made, at)["links"]
    for at, value in changes:
        find(made, at[:-1])[at[-1]] = value
    return made


def find(node: Any, at: tuple[str, ...]) -> Any:
    for step in at:
        node = node[step]
    return node


def link(value: Any, name: str = "code", **more: Any) -> dict[str, Any]:
    return {"Shelf": {"operationId": "getShelf", "parameters": {name: value}, **more}}


def imported(written: dict[str, Any]) -> Imported:
    return imported_whole(written, offering=False)


def losses(made: Imported) -> list[str]:
    return [n.message for n in made.notes if n.kind == "lost" and "link" in n.message]


def resources(made: Imported) -> dict[str, Any]:
    found: dict[str, Any] = made.data["resources"]
    return found


def test_without_a_link_nothing_says_how_to_come_by_the_code() -> None:
    assert "found_by" not in resources(imported(document()))["shelf"]


@pytest.mark.parametrize("at", [MADE, READ])
def test_member_of_an_answer_finds_what_another_operation_reads(at: tuple[str, ...]) -> None:
    made = imported(document(((*at, "links"), link("$response.body#/shelf_code"))))
    found = {"action": "get_shelf", "input": {"code": "=book.shelf_code"}}
    assert resources(made)["shelf"]["found_by"] == found
    assert losses(made) == []
    assert load_text(made.text, "links.yaml").resources["shelf"].found_by is not None


def test_member_of_the_first_item_of_a_list_is_one_of_an_instance() -> None:
    made = imported(document(((*LISTED, "links"), link("$response.body#/books/0/shelf_code"))))
    assert resources(made)["shelf"]["found_by"]["input"] == {"code": "=book.shelf_code"}


@pytest.mark.parametrize(
    "reached",
    [
        {"operationRef": "#/paths/~1shelves~1%7Bcode%7D/get"},
        {"operationRef": "#/paths/~1shelves~1{code}/get"},
        {"operationId": "getShelf"},
    ],
)
@pytest.mark.parametrize("name", ["code", "path.code"])
def test_operation_and_argument_are_found_in_every_spelling(reached: dict[str, str], name: str) -> None:
    one = {"Shelf": {**reached, "parameters": {name: "$response.body#/shelf_code"}}}
    assert "found_by" in resources(imported(document(((*MADE, "links"), one))))["shelf"]


def test_link_behind_a_reference_is_read() -> None:
    one = link("$response.body#/shelf_code")["Shelf"]
    made = document(((*MADE, "links"), {"Shelf": {"$ref": "#/components/links/Shelf"}}))
    made["components"]["links"] = {"Shelf": one}
    assert "found_by" in resources(imported(made))["shelf"]


ID = {"schema": {"type": "integer", "minimum": 1}, "name": "number", "in": "path", "required": True}
COVER = {
    "/covers/{number}": {
        "get": {
            "operationId": "getCover",
            "summary": "Get the cover of a book",
            "parameters": [ID],
            "responses": {
                "200": {
                    "description": "The cover",
                    "content": {
                        "application/json": {
                            "schema": {"type": "object", "properties": {"colour": {"type": "string"}}}
                        }
                    },
                }
            },
        }
    }
}


@pytest.mark.parametrize("value", ["$response.body#/id", "$request.path.book_id"])
def test_link_that_passes_on_an_id_says_what_the_argument_refers_to(value: str) -> None:
    to = {"Cover": {"operationId": "getCover", "parameters": {"number": value}}}
    made = document(((*READ, "links"), to))
    made["paths"] |= COVER
    found = imported(made)
    assert found.data["actions"]["get_cover"]["input"]["number"]["refers_to"] == "book"
    assert load_text(found.text, "links.yaml").resources["book"].inferred


def test_linked_member_that_no_resource_has_for_its_id_is_found_in_the_other_instance() -> None:
    to = {"Cover": {"operationId": "getCover", "parameters": {"number": "$response.body#/pages"}}}
    made = document(((*READ, "links"), to))
    made["paths"] |= COVER
    found = imported(made)
    assert resources(found)["number"] == {
        "inferred": True,
        "id": "pages",
        "found_by": {"action": "get_book", "input": {"book_id": "=book.id"}},
    }
    assert found.data["actions"]["get_cover"]["input"]["number"]["refers_to"] == "number"
    load_text(found.text, "links.yaml")


def test_answer_of_a_write_that_is_no_resource_makes_what_the_link_names() -> None:
    made = document()
    made["paths"] |= COVER
    made["paths"]["/orders"] = {
        "post": {
            "operationId": "order",
            "summary": "Order a cover",
            "responses": {
                "201": {
                    "description": "Ordered",
                    "content": {
                        "application/json": {
                            "schema": {
                                "type": "object",
                                "properties": {
                                    "cover": {"type": "object", "properties": {"no": {"type": "integer"}}}
                                },
                            }
                        }
                    },
                    "links": {
                        "Cover": {
                            "operationId": "getCover",
                            "parameters": {"number": "$response.body#/cover/no"},
                        }
                    },
                }
            },
        }
    }
    found = imported(made)
    assert resources(found)["number"] == {
        "inferred": True,
        "id": "cover.no",
        "made_by": {"action": "order"},
    }
    load_text(found.text, "links.yaml")


@pytest.mark.parametrize(
    ("links", "said"),
    [
        (link("$response.header.X-Code"), "$response.header.X-Code is not a member of the answer's body"),
        (link("$response.body#/pages"), "pages of the answer and code are not of one type"),
        (link("$response.body#/gone"), "gone of the answer and code are not of one type"),
        (link("$response.body#/a~1b"), "cannot be said as an expression"),
        (link("$response.body#/shelf_code", requestBody="$response.body"), "gives a whole body"),
        ({"Gone": {"operationId": "getGone"}}, "the operation that it names is not in the catalogue"),
        ({"Gone": {"operationRef": "https://a.example/o.json#/x"}}, "is not in the catalogue"),
        ({"Gone": {"$ref": "#/components/links/Gone"}}, "leads nowhere"),
        (link("$request.body#/title"), "is not a member of the answer's body"),
        (link("$request.header.X-Other"), "X-Other is the id of no resource"),
    ],
)
def test_what_a_catalogue_cannot_say_is_a_loss(links: dict[str, Any], said: str) -> None:
    found = losses(imported(document(((*MADE, "links"), links))))
    assert len(found) == 1
    assert said in found[0]


@pytest.mark.parametrize("odd", [7, [], "text", {"Shelf": 7}, {"Shelf": {"parameters": []}}, {"Shelf": {}}])
def test_odd_links_stop_nothing(odd: Any) -> None:
    assert imported(document(((*MADE, "links"), odd))).data["resources"]["book"]


def test_constant_of_a_link_is_no_loss() -> None:
    assert losses(imported(document(((*MADE, "links"), link("north"))))) == []


def test_more_links_than_are_used_are_a_loss() -> None:
    many = {f"L{n}": link("$response.body#/shelf_code")["Shelf"] for n in range(MOST + 1)}
    assert losses(imported(document(((*MADE, "links"), many)))) == [
        f"the document has more than {MOST} links: the others are not carried"
    ]


def _reading(path: str, name: str, members: list[str], links: dict[str, Any]) -> dict[str, Any]:
    text = {"type": "string"}
    body = {"type": "object", "required": members, "properties": dict.fromkeys(members, text)}
    answer = {"description": "It", "content": {"application/json": {"schema": body}}, "links": links}
    names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
    given = [{"name": n, "in": "path", "required": True, "schema": text} for n in names]
    return {"get": {"operationId": name, "parameters": given, "responses": {"200": answer}}}


def test_read_whose_own_argument_nothing_names_finds_no_resource() -> None:
    """A new value finds nothing, so it is not an argument of `found_by`."""
    owner = {"Owner": {"operationId": "getPerson", "parameters": {"nick": "$response.body#/owner"}}}
    written = {
        "openapi": "3.0.3",
        "info": {"title": "Repositories", "version": "1"},
        "servers": [{"url": "https://repos.example"}],
        "paths": {
            "/repos/{user}/{slug}": _reading("/repos/{user}/{slug}", "getRepo", ["slug", "owner"], owner),
            "/people/{nick}": _reading("/people/{nick}", "getPerson", ["title"], {}),
        },
    }
    made = imported(written)
    assert "fresh" not in made.text
    assert len(losses(made)) == 1
    assert load_text(made.text, "links.yaml").actions


def test_link_to_what_no_call_finds_gives_its_argument_and_no_further_resource() -> None:
    """The paths call it a cover, which nothing lists or makes; the link knows the book."""
    code = {"name": "book_id", "in": "path", "required": True, "schema": {"$ref": "#/components/schemas/Id"}}
    cover = {"type": "object", "required": ["book_id"], "properties": {"book_id": {"type": "integer"}}}
    linked = {"Cover": {"operationId": "getCover", "parameters": {"book_id": "$response.body#/id"}}}
    read = {
        "operationId": "getCover",
        "parameters": [code],
        "responses": {"200": {"description": "It", "content": {"application/json": {"schema": cover}}}},
    }
    written = document(((*MADE, "links"), linked), (("paths", "/covers/{book_id}"), {"get": read}))
    written["components"]["schemas"]["Id"] = {"type": "integer"}
    made = imported(written)
    assert sorted(resources(made)) == ["book", "cover", "shelf"]
    assert made.data["actions"]["get_cover"]["input"]["book_id"]["refers_to"] == "book"
    assert not losses(made)


@pytest.mark.parametrize("same", [True, False], ids=["the same schema", "another one"])
def test_link_to_another_noun_with_the_same_schema_is_one_more_read(same: bool) -> None:
    """`GET /tickets/{ticket_id}` may show a book; a profile of the same id has members of its own."""
    to = {"Ticket": {"operationId": "getTicket", "parameters": {"ticket_id": "$response.body#/id"}}}
    made = document(((*READ, "links"), to))
    shown = copy.deepcopy(find(made, READ))
    del shown["links"]
    if not same:
        profile = {"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}}}
        shown["content"] = {"application/json": {"schema": profile}}
    book = find(made, ("paths", "/books/{book_id}"))
    given = [*book.get("parameters", ()), *book["get"].get("parameters", ())]
    one = [{**param, "name": "ticket_id"} for param in given if param["name"] == "book_id"]
    ticket = {"operationId": "getTicket", "parameters": one, "responses": {"200": shown}}
    made["paths"]["/tickets/{ticket_id}"] = {"get": ticket}
    found = imported(made)
    assert found.data["actions"]["get_ticket"]["input"]["ticket_id"]["refers_to"] == "book"
    reads = [call.action.name for call in load_text(found.text, "links.yaml").resources["book"].read_by]
    assert reads == (["get_book", "get_ticket"] if same else ["get_book"])
    assert ("ticket" in resources(found)) is not same
