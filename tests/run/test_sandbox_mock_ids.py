"""The mock of a plain catalogue: ids of every form, what is changed stays changed, what is not there is
not there.
"""

from __future__ import annotations

import json
import random
import re
from typing import Any
from uuid import UUID

import pytest

from pgagents.base.http import Request, Response, json_bytes
from pgagents.catalogue.load import load_text
from pgagents.sandbox.sample import generate_text
from pgagents.sandbox.sandbox import open_sandbox
from sandboxes import START

IDS = {
    "integer": "{type: integer, minimum: 1, maximum: 2147483647}",
    "uuid": "{type: string, format: uuid}",
    "pattern": "{type: string, pattern: '^itm-[0-9]{4}[A-F]$'}",
    "small number": "{type: integer, minimum: 40, maximum: 60}",
    "short": "{type: string, minLength: 2, maxLength: 5}",
}
CATALOGUE = """
pgagents: 1
api:
  {id: items, title: Items, version: 1.0.0, server: https://api.example.com, contact: a@example.com,
   for_people: Items., for_models: Items.}
auth: {schemes: {key: {description: A key}}, roles: {main: {description: The key}}}
errors:
  envelope: Error
  code_at: code
  always: [UNAUTHORIZED]
  codes:
    UNAUTHORIZED: {status: 401, meaning: No key}
    INVALID: {status: 422, meaning: Wrong}
    NOT_FOUND: {status: 404, meaning: Not there}
  framework: {invalid: INVALID, no_key: UNAUTHORIZED}
schemas:
  Error: {description: An error, required: [code], properties: {code: {type: string, description: Which}}}
  Item:
    description: An item
    required: [id, name]
    properties:
      {id: <ID>, name: {type: string}, note: {type: string}, tags: {type: array, items: {type: string}}}
actions:
  create_item:
    {title: Create, description: Creates an item., http: POST /items, effect: write, confirm: {body: Create?},
     input: {name: {type: string, required: true}, note: {type: string},
       tags: {type: array, items: {type: string}}},
     output: {201: {$ref: Item}}, errors: [INVALID]}
  list_items:
    {title: List, description: Lists items., http: GET /items, effect: read,
     input: {n: {type: integer, minimum: 1, maximum: 50}},
     output: {200: {description: Items, required: [items],
       properties: {items: {type: array, items: {$ref: Item}}}}},
     errors: [INVALID], laws: {most: size(response.items) <= input.n}}
  get_item:
    {title: Read, description: Reads an item., http: 'GET /items/{item_id}', effect: read,
     input: {item_id: <ARG>}, output: {200: {$ref: Item}}, errors: [INVALID, NOT_FOUND]}
  update_item:
    {title: Change, description: Changes an item., http: 'PUT /items/{item_id}', effect: write,
     confirm: {body: Change?}, input: {item_id: <ARG>, name: {type: string, required: true}},
     output: {200: {$ref: Item}}, errors: [INVALID, NOT_FOUND]}
  list_notes:
    {title: Notes, description: Lists notes of an item., http: 'GET /items/{item_id}/notes', effect: read,
     input: {item_id: <ARG>}, output: {200: {description: Notes, type: array, items: {type: string}}},
     errors: [INVALID, NOT_FOUND]}
  delete_item:
    {title: Delete, description: Deletes an item., http: 'DELETE /items/{item_id}', effect: write,
     confirm: {body: Delete?}, input: {item_id: <ARG>}, output: {204: {description: Gone}},
     errors: [INVALID, NOT_FOUND]}
resources:
  item:
    made_by: {action: create_item, input: {name: Hammer}, at: response}
    read_by: {action: get_item, input: {item_id: =resource.id}, at: response}
    listed_by: {action: list_items, at: response.items}
    undone_by: {action: delete_item, input: {item_id: =resource.id}}
    missing: NOT_FOUND
surfaces: {rest: {actions: all}}
"""


class Items:
    """The mock of the catalogue with ids of one form."""

    def __init__(self, form: str, text: str = CATALOGUE) -> None:
        argument = form.replace("{", "{required: true, ", 1)
        self.opened = open_sandbox(
            load_text(text.replace("<ID>", form).replace("<ARG>", argument)),
            start=START,
            rng=random.Random(3),
        )

    def __call__(self, method: str, target: str, body: Any = None, *, status: int = 200) -> Any:
        headers = (
            ("Authorization", f"Bearer {self.opened.tokens['unlimited']}"),
            ("Content-Type", "application/json"),
        )
        answer = self.opened.handler(
            Request(method, target, headers, json_bytes(body) if body is not None else b"")
        )
        assert isinstance(answer, Response)
        assert answer.status == status, (method, target, answer.body)
        return json.loads(answer.body) if answer.body else None


@pytest.fixture(params=IDS)
def items(request: pytest.FixtureRequest) -> Items:
    return Items(IDS[request.param])


def test_what_is_made_can_be_read_listed_changed_and_deleted_by_its_id(items: Items) -> None:
    """The id passes the arguments' own checks: else these calls would be answered 422."""
    made = [
        items("POST", "/items", {"name": f"Item {n}", "note": "n", "tags": ["a"]}, status=201)
        for n in range(5)
    ]
    assert len({one["id"] for one in made}) == 5
    first = made[0]
    assert (first["name"], first["note"], first["tags"]) == ("Item 0", "n", ["a"])
    assert items("GET", f"/items/{first['id']}") == first
    assert items("PUT", f"/items/{first['id']}", {"name": "New"}) == {**first, "name": "New"}
    assert items("GET", f"/items/{first['id']}")["name"] == "New"
    assert items("GET", f"/items/{first['id']}/notes") == []
    assert len(items("GET", "/items?n=2")["items"]) == 2
    items("DELETE", f"/items/{first['id']}", status=204)
    for method, path, body in (
        ("GET", "", None),
        ("PUT", "", {"name": "x"}),
        ("DELETE", "", None),
        ("GET", "/notes", None),
    ):
        items(method, f"/items/{first['id']}{path}", body, status=404)


def test_law_about_the_last_item_lets_an_empty_list_be_answered() -> None:
    with_law = CATALOGUE.replace(
        "{most: size(response.items) <= input.n}",
        "{most: size(response.items) <= input.n, last: 'response.last_id == response.items[-1].id'}",
    ).replace(
        "required: [items],\n       properties: {items",
        "required: [items, last_id],\n       properties: {last_id: {type: [integer, 'null']}, items",
    )
    items = Items(IDS["integer"], with_law)
    assert items("GET", "/items")["items"] == []
    made = items("POST", "/items", {"name": "A"}, status=201)
    assert items("GET", "/items") == {"items": [made], "last_id": made["id"]}


def test_an_optional_member_that_was_not_given_is_not_there() -> None:
    assert Items(IDS["integer"])("POST", "/items", {"name": "A"}, status=201).keys() == {"id", "name"}


def test_ids_are_of_the_type_and_format_they_should_be() -> None:
    assert isinstance(Items(IDS["integer"])("POST", "/items", {"name": "A"}, status=201)["id"], int)
    assert UUID(Items(IDS["uuid"])("POST", "/items", {"name": "A"}, status=201)["id"])


@pytest.mark.parametrize(
    "pattern",
    [r"^[A-Z]{3}-\d{4}$", r"^(a|b)[^0-9]?x+$", r"\Aid_[a-f0-9]{8}\Z", r"^\w+$", r"^[+-]?\d\s$", r".{3,5}"],
)
def test_text_of_a_pattern_is_found_by_it_and_differs(pattern: str) -> None:
    texts = {generate_text(pattern, random.Random(n)) for n in range(30)}
    assert all(re.search(pattern, text) for text in texts)
    assert len(texts) > 2
