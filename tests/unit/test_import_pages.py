"""The pages of a list are inferred from a document whose names and types show them, and noted as a guess."""

from __future__ import annotations

from typing import Any

import pytest

from importing import imported, openapi
from pgagents.importer.catalogue import Imported

TEXT, WHOLE, FLAG = {"type": "string"}, {"type": "integer"}, {"type": "boolean"}
URL = {"type": "string", "format": "uri"}
ITEMS = {"type": "array", "items": {"type": "object", "properties": {"id": TEXT}}}


def listing(
    arguments: dict[str, Any], members: dict[str, Any], *, headers: Any = None, whole: Any = None
) -> Imported:
    """Import a document with one list."""
    schema = whole or {"type": "object", "properties": {"books": ITEMS, **members}}
    answer = {"description": "Books", "content": {"application/json": {"schema": schema}}}
    answer |= {"headers": headers} if headers else {}
    parameters = [{"name": n, "in": "query", "schema": s} for n, s in arguments.items()]
    books = {"operationId": "listBooks", "summary": "List", "parameters": parameters}
    return imported(openapi({"/books": {"get": {**books, "responses": {"200": answer}}}}), offering=False)


@pytest.mark.parametrize(
    ("arguments", "members", "expected"),
    [
        (
            {"limit": WHOLE, "cursor": TEXT},
            {"next_cursor": {"type": ["string", "null"]}},
            {"next": "response.next_cursor", "argument": "cursor", "size": "limit"},
        ),
        (
            {"pageToken": TEXT, "pageSize": WHOLE},
            {"nextPageToken": TEXT},
            {"next": "response.nextPageToken", "argument": "pageToken", "size": "pageSize"},
        ),
        (
            {"cursor": TEXT},
            {"paging": {"type": "object", "properties": {"next_cursor": TEXT}}},
            {"next": "response.paging.next_cursor", "argument": "cursor"},
        ),
        (
            {"starting_after": TEXT, "limit": WHOLE},
            {"has_more": FLAG},
            {
                "next": "response.books[-1].id",
                "argument": "starting_after",
                "more": "response.has_more",
                "size": "limit",
            },
        ),
        ({"cursor": TEXT}, {"next": URL}, {"next": "response.next", "argument": "cursor"}),
        (
            {"page": {**WHOLE, "default": 1}, "per_page": WHOLE},
            {"total_pages": WHOLE, "page": WHOLE},
            {
                "next": "input.page + 1.0",
                "argument": "page",
                "more": "input.page < response.total_pages",
                "size": "per_page",
            },
        ),
        (
            {"offset": {**WHOLE, "default": 0}, "limit": WHOLE},
            {},
            {"next": "input.offset + size(response.books)", "argument": "offset", "size": "limit"},
        ),
        (
            {"offset": WHOLE, "limit": WHOLE},
            {},
            {
                "next": "has(input.offset) ? input.offset + size(response.books) : size(response.books)",
                "argument": "offset",
                "size": "limit",
            },
        ),
    ],
)
def test_pages_follow_from_names_and_types(
    arguments: dict[str, Any], members: dict[str, Any], expected: dict[str, Any]
) -> None:
    made = listing(arguments, members)
    assert made.data["actions"]["list_books"]["pages"] == {"items": "response.books", **expected}
    assert made.model.actions[0].pages is not None
    assert [str(n) for n in made.notes if n.kind == "decide" and "inferred from" in str(n)]


@pytest.mark.parametrize(
    ("arguments", "members"),
    [
        ({"cursor": TEXT}, {}),
        ({"cursor": WHOLE}, {"next_cursor": TEXT}),
        ({"page": WHOLE}, {}),
        ({"page": WHOLE}, {"total_pages": WHOLE}),
        ({"from": TEXT}, {"next": TEXT}),
        ({"cursor": TEXT}, {"next_cursor": TEXT, "others": ITEMS}),
        ({"after": TEXT}, {"count": WHOLE}),
    ],
)
def test_nothing_is_inferred_where_names_do_not_show_it(
    arguments: dict[str, Any], members: dict[str, Any]
) -> None:
    assert "pages" not in listing(arguments, members).data["actions"]["list_books"]


def test_link_header_of_a_bare_list_is_how_it_goes_on() -> None:
    link = {"Link": {"schema": TEXT}}
    made = listing({"page": WHOLE, "per_page": WHOLE}, {}, headers=link, whole=ITEMS)
    pages = made.model.actions[0].pages
    assert pages is not None
    assert (pages.items.wording, pages.next.wording) == ("response", "headers.link.next")
    assert (pages.argument, pages.size, pages.is_url) == ("page", "per_page", True)
