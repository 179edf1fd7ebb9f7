"""An import finds how a list goes on by the names of its members, and guesses nothing between two of them."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from importing import imported, openapi

TEXT, WHOLE, FLAG = {"type": "string"}, {"type": "integer"}, {"type": "boolean"}
MAYBE = {"type": ["string", "null"]}
EITHER = {"anyOf": [TEXT, {"type": "null"}]}
ROW = {"type": "object", "required": ["id"], "properties": {"id": TEXT}}
ROWS = {"type": "array", "items": ROW}


def of(**members: Any) -> dict[str, Any]:
    """Return the schema of an object that has these members."""
    return {"type": "object", "required": list(members), "properties": members}


def pages_of(answer: dict[str, Any], **arguments: Any) -> dict[str, Any] | None:
    """Return the pages that an import infers of a list with these arguments."""
    parameters = [{"name": name, "in": "query", "schema": schema} for name, schema in arguments.items()]
    answers = {"200": {"description": "So", "content": {"application/json": {"schema": answer}}}}
    listing = {"get": {"operationId": "list_rows", "parameters": parameters, "responses": answers}}
    made = yaml.safe_load(imported(openapi({"/rows": listing})).text)
    pages: dict[str, Any] | None = made["actions"]["list_rows"].get("pages")
    return pages


@pytest.mark.parametrize(
    ("answer", "argument", "following"),
    [
        (of(data=of(rows=ROWS), pageInfo=of(startCursor=MAYBE, endCursor=MAYBE, hasNextPage=FLAG)),
         "starting_after", "response.pageInfo.endCursor"),
        (of(rows=ROWS, end_cursor=MAYBE, has_next_page=FLAG), "starting_after", "response.end_cursor"),
        (of(rows=ROWS, end_cursor=EITHER, has_next_page=FLAG), "starting_after", "response.end_cursor"),
        (of(nodes=ROWS, pageInfo=of(endCursor=MAYBE, hasNextPage=FLAG)), "after",
         "response.pageInfo.endCursor"),
        (of(data=ROWS, has_more=FLAG), "starting_after", "response.data[-1].id"),
        (of(data=ROWS, first_id=MAYBE, last_id=MAYBE, has_more=FLAG), "after_id", "response.data[-1].id"),
        (of(members=ROWS, response_metadata=of(next_cursor=TEXT)), "cursor",
         "response.response_metadata.next_cursor"),
        (of(results=ROWS, next_cursor=MAYBE, has_more=FLAG), "start_cursor", "response.next_cursor"),
        (of(data=ROWS, page_size=WHOLE, next=MAYBE, has_more=FLAG), "cursor", "response.next"),
        (of(items=ROWS, cursor=MAYBE), "starting_after", "response.cursor"),
        (of(results=ROWS, paging=of(next=of(after=TEXT, link=TEXT))), "after", "response.paging.next.after"),
        (of(data=ROWS, pages=of(type=TEXT, page=WHOLE, next=of(starting_after=TEXT))), "starting_after",
         "response.pages.next.starting_after"),
        (of(items=ROWS, nextPageToken=TEXT), "pageToken", "response.nextPageToken"),
    ],
)  # fmt: skip
def test_a_cursor_is_found_by_its_name(answer: dict[str, Any], argument: str, following: str) -> None:
    found = pages_of(answer, **{argument: TEXT, "limit": WHOLE})
    assert found is not None
    assert (found["argument"], found["next"], found["inferred"]) == (argument, following, True)


@pytest.mark.parametrize(
    "answer",
    [
        of(data=ROWS, next_token=TEXT, end_cursor=TEXT, has_more=FLAG),  # two candidates
        of(data=ROWS, next=TEXT, page=of(cursor=TEXT), has_more=FLAG),
        of(data=ROWS, prev_cursor=TEXT, start_cursor=TEXT),  # neither leads on
        of(data=ROWS, end_cursor=TEXT),  # nothing says that a page is the last
        of(data=ROWS, token=of(value=TEXT)),
    ],
)
def test_what_could_be_two_things_is_no_guess(answer: dict[str, Any]) -> None:
    assert pages_of(answer, after=TEXT, limit=WHOLE) is None


@pytest.mark.parametrize(
    ("start", "answer", "more"),
    [
        (1, of(rows=ROWS, total=WHOLE), "input.page * input.per_page < response.total"),
        (0, of(rows=ROWS, total_count=WHOLE), "(input.page + 1.0) * input.per_page < response.total_count"),
        (
            1,
            of(rows=ROWS, page=WHOLE, per_page=WHOLE, total=WHOLE),
            "input.page * response.per_page < response.total",
        ),
    ],
)
def test_pages_are_counted_by_the_total_number_of_items(
    start: int, answer: dict[str, Any], more: str
) -> None:
    found = pages_of(answer, page={**WHOLE, "default": start}, per_page={**WHOLE, "default": 20})
    assert found is not None
    assert (found["argument"], found["next"], found["more"]) == ("page", "input.page + 1.0", more)


def test_a_page_that_nobody_knows_the_first_of_is_no_guess() -> None:
    assert pages_of(of(rows=ROWS, total=WHOLE), page=WHOLE, per_page={**WHOLE, "default": 20}) is None
