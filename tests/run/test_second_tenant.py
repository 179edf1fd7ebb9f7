"""A second key finds the containers of its own things with its own key; without any, it tries nothing.

A right server of two accounts that nobody can make: each key lists its own, and keeps items there. Another's
account is as one that nobody has.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import pytest

from pgagents.base.http import Request, Response
from pgagents.catalogue.load import load_text
from pgagents.report.contract import Verdict
from pgagents.report.report import Report
from pgagents.verify.fixtures.instance import Instance
from pgagents.verify.fixtures.pool import FixturePool
from pgagents.verify.wire.call import InstanceRef
from small_api import answer, verified

CATALOGUE = """
pgagents: 1
api:
  {id: items, title: Items, version: 1.0.0, server: "https://api.example.com", contact: a@example.com,
   for_people: Items., for_models: Items of an account.}
auth:
  schemes: {key: {description: A key}}
  roles: {second: {description: The key of another account, project: other}}
errors:
  envelope: Error
  code_at: null
  message_at: detail
  always: [UNAUTHORIZED]
  codes:
    UNAUTHORIZED: {status: 401, meaning: No key}
    REFUSED: {status: 422, meaning: A wrong argument}
    NOT_FOUND: {status: 404, meaning: No such account or item}
  framework: {invalid: REFUSED, no_key: UNAUTHORIZED}
schemas:
  Error: {type: object, properties: {detail: {type: string}}, required: [detail]}
  Account: {type: object, properties: {id: {type: string}, name: {type: string}}, required: [id, name]}
  Item: {type: object, properties: {id: {type: string}, text: {type: string}}, required: [id, text]}
actions:
  list_accounts:
    title: List accounts
    description: Lists the accounts of this key.
    http: GET /accounts
    effect: read
    output: {200: {type: array, items: {$ref: Account}}}
  list_items:
    title: List items
    description: Lists the items of an account.
    http: GET /accounts/{account_id}/items
    effect: read
    input: {account_id: {type: string, minLength: 1, maxLength: 40, required: true, refers_to: account}}
    output: {200: {type: array, items: {$ref: Item}}}
    errors: [NOT_FOUND]
  create_item:
    title: Make an item
    description: Makes an item.
    http: POST /accounts/{account_id}/items
    effect: write
    input:
      account_id: {type: string, minLength: 1, maxLength: 40, required: true, refers_to: account}
      text: {type: string, minLength: 1, maxLength: 40, required: true}
    output: {201: {$ref: Item}}
    errors: [REFUSED, NOT_FOUND]
  get_item:
    title: Get an item
    description: Gets an item.
    http: GET /accounts/{account_id}/items/{item_id}
    effect: read
    input:
      account_id: {type: string, minLength: 1, maxLength: 40, required: true, refers_to: account}
      item_id: {type: string, minLength: 1, maxLength: 40, required: true, refers_to: item}
    output: {200: {$ref: Item}}
    errors: [NOT_FOUND]
  delete_item:
    title: Delete an item
    description: Deletes an item.
    http: DELETE /accounts/{account_id}/items/{item_id}
    effect: write
    destructive: true
    input:
      account_id: {type: string, minLength: 1, maxLength: 40, required: true, refers_to: account}
      item_id: {type: string, minLength: 1, maxLength: 40, required: true, refers_to: item}
    output: {204: {}}
    errors: [NOT_FOUND]
resources:
  account:
    found_by: {action: list_accounts, at: "response[0]"}
    listed_by: {action: list_accounts, at: response}
    absent: no-such-account
    missing: NOT_FOUND
  item:
    within: account
    tenant: true
    made_by: {action: create_item, input: {account_id: =account.id, text: =fresh.text}, at: response}
    read_by: {action: get_item, input: {account_id: =account.id, item_id: =resource.id}, at: response}
    listed_by: {action: list_items, input: {account_id: =account.id}, at: response}
    undone_by: {action: delete_item, input: {account_id: =account.id, item_id: =resource.id}}
    absent: no-such-item
    missing: NOT_FOUND
surfaces: {rest: {actions: all}}
"""
MODEL = load_text(CATALOGUE, "items.yaml")
KEYS = {"main": "key-of-ada-1", "second": "key-of-bo-22"}


@dataclass
class Server:
    """Items of the accounts of two keys. `empty` is true if the second key has none."""

    empty: bool = False
    leaks: bool = False
    items: dict[str, dict[str, str]] = field(default_factory=lambda: {"acc-1": {}, "acc-2": {}})
    made: int = 0
    refused: list[str] = field(default_factory=list)

    def __call__(self, request: Request) -> Response:
        who = (request.header("Authorization") or "")[7:]
        if who not in KEYS.values():
            return answer(401, {"detail": "who are you?"})
        own = "acc-1" if who == KEYS["main"] else "" if self.empty else "acc-2"
        parts = request.path.strip("/").split("/")
        if parts == ["accounts"]:
            if request.method != "GET":
                return answer(405, {"detail": "method"}, Allow="GET")
            return answer(200, [{"id": own, "name": f"of {own}"}] if own else [])
        if parts[0] != "accounts" or parts[2:3] != ["items"] or len(parts) > 4:
            return answer(404, {"detail": "no such path"})
        return self._inside(request, parts, own, who)

    def _inside(self, request: Request, parts: list[str], own: str, who: str) -> Response:
        mine = self.items.get(parts[1]) if parts[1] == own or self.leaks else None
        text = None
        if request.method == "POST" and len(parts) == 3:
            try:
                body = json.loads(request.body)
            except ValueError:
                body = None
            text = body.get("text") if isinstance(body, dict) else None
            if not isinstance(text, str) or not 1 <= len(text) <= 40:
                return answer(422, {"detail": "text"})
        elif request.method not in ("GET", "DELETE")[: len(parts) - 2]:
            allow = "GET, POST" if len(parts) == 3 else "GET, DELETE"
            return answer(405, {"detail": "method"}, Allow=allow)
        if mine is None or (len(parts) == 4 and parts[3] not in mine):
            if mine is None and who == KEYS["second"]:
                self.refused.append(f"{request.method} {request.path}")
            return answer(404, {"detail": "no such account or item"})
        if len(parts) == 3 and text is not None:
            self.made += 1
            mine[f"item-{self.made:08}"] = text
            return answer(201, {"id": f"item-{self.made:08}", "text": text})
        if len(parts) == 3:
            return answer(200, [{"id": id, "text": text} for id, text in mine.items()])
        if request.method == "DELETE":
            del mine[parts[3]]
            return Response(204)
        return answer(200, {"id": parts[3], "text": mine[parts[3]]})


def run(server: Server) -> Report:
    return verified(MODEL, server, keys=KEYS, allow_writes=True, exclusive=True)


@pytest.mark.parametrize("empty", [False, True])
def test_no_right_server_is_accused(empty: bool) -> None:
    server = Server(empty=empty)
    report = run(server)
    found = {result.contract.id: result for result in report.results}
    assert [finding.contract.id for finding in report.findings] == []
    assert found["read_after_write/not_listed/item/list_items@rest"].verdict is Verdict.KEPT
    assert found["project_isolation/told@rest"].verdict is Verdict.KEPT


def test_a_second_key_makes_its_things_in_what_it_finds_itself() -> None:
    pool = FixturePool(MODEL.resources, projects={"main": "main", "second": "other", "spare": "main"})
    pool.add(Instance(MODEL.resources["account"], "acc-1", {"id": "acc-1"}, "main", False, None))
    found = {
        role: pool.at_hand(MODEL.resources["account"], InstanceRef("account", role=role)) is not None
        for role in ("main", "second", "spare")
    }
    assert found == {"main": True, "second": False, "spare": True}


def test_a_server_that_shows_anothers_account_is_found() -> None:
    report = run(Server(leaks=True))
    assert "read_after_write/not_listed/item/list_items@rest" in {f.contract.id for f in report.findings}
