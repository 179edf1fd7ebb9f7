"""A catalogue without a domain of its own is served from its examples, schemas and lifecycle."""

from __future__ import annotations

import dataclasses
import json
import random
import re
import sqlite3

import pytest

from inprocess import inside
from pgagents.base.http import Request, Response, json_bytes
from pgagents.base.jsonschema.schema import validator
from pgagents.catalogue.load import load_text
from pgagents.sandbox.mock import places
from pgagents.sandbox.sample import pattern_text, sample
from pgagents.sandbox.sandbox import open_sandbox
from pgagents.sandbox.store import Store
from sandboxes import ROOT, START, Caller, model

NOTES = ROOT / "tests/catalogues/notes.yaml"
UNIQUE = "    unique: [{members: [text], otherwise: refused}]\n"


@pytest.fixture
def shop() -> Caller:
    return Caller("shop")


def test_order_lives_as_its_lifecycle_says(shop: Caller) -> None:
    order = shop.data("POST", "/orders", {"product_id": "p-17", "quantity": 3}, status=201)["order"]
    assert (order["quantity"], order["status"], order["note"]) == (3, "placed", None)
    assert order["id"] != "o-501"
    assert shop.data("POST", f"/orders/{order['id']}/cancel")["order"] == {**order, "status": "cancelled"}
    late = shop.data("POST", f"/orders/{order['id']}/cancel", status=409)
    assert late["fault"]["kind"] == "too_late"


def test_arguments_come_back_in_what_was_made(shop: Caller) -> None:
    order = shop.data("POST", "/orders", {"product_id": "p-17", "quantity": 1, "note": "Hi"}, status=201)[
        "order"
    ]
    assert (order["note"], order["product_id"]) == ("Hi", "p-17")
    through = shop.data(
        "POST",
        "/agents/ask",
        {"tool": "place_order", "with": {"product_id": "p-17", "quantity": 1, "note": "Hi"}},
    )["order"]
    assert {k: v for k, v in through.items() if k != "id"} == {k: v for k, v in order.items() if k != "id"}


def test_unknown_instances_are_missing_and_found_instances_are_the_examples(shop: Caller) -> None:
    assert [p["id"] for p in shop.data("GET", "/products?q=kettle")["products"]] == ["p-17"]
    assert shop.data("GET", "/products/p-17")["product"]["name"] == "Red kettle"
    for method, url, body in (
        ("GET", "/products/p-0", None),
        ("POST", "/orders", {"product_id": "p-3", "quantity": 1}),
        ("POST", "/orders/o-0/cancel", None),
    ):
        assert shop.data(method, url, body, status=404)["fault"]["kind"] == "absent"


def test_new_instance_is_compared_with_those_that_may_be_equal_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """A create reads no instance if nothing must be unique, and else those with the same text."""
    counts = []

    def count(store: Store, sql: str, *values: object) -> list[sqlite3.Row]:
        found = every(store, sql, *values)
        counts.append(len(found) if "SELECT data FROM instance" in sql else 0)
        return found

    every = Store.rows
    monkeypatch.setattr(Store, "rows", count)
    for name, unique, read in (("a", "", 0), ("b", UNIQUE, 1)):
        text = NOTES.read_text(encoding="utf-8").replace(
            "    missing: absent\n", f"    missing: absent\n{unique}", 1
        )
        opened = inside(load_text(text, f"{name}.yaml"))
        headers = (("Authorization", f"Bearer {opened.keys['main']}"), ("Content-Type", "application/json"))
        bodies = [json_bytes({"text": f"Note number {number}"}) for number in (*range(9), 8)]
        counts.clear()
        answers = [opened.sandbox.handler(Request("POST", "/notes", headers, body)) for body in bodies]
        assert sum(counts) == read
        refused = isinstance(answers[-1], Response) and answers[-1].status >= 400
        assert refused == bool(unique)


def test_another_customers_order_is_as_good_as_absent(shop: Caller) -> None:
    order = shop.data("POST", "/orders", {"product_id": "p-17", "quantity": 1}, status=201)["order"]
    assert (
        shop.data("POST", f"/orders/{order['id']}/cancel", status=404, key="second")["fault"]["kind"]
        == "absent"
    )


def test_shops_own_envelope_codes_and_prefixes_are_used(shop: Caller) -> None:
    assert shop.tokens["unlimited"].startswith("try_")
    refused = shop.data("POST", "/orders", {"product_id": "p-17", "quantity": 11}, status=422)
    assert refused["fault"]["kind"] == "refused"
    assert "request_id" not in refused["fault"]
    assert shop.data("GET", "/products", status=401, key=None)["fault"]["kind"] == "no_token"
    assert shop.data("DELETE", "/products", status=405)["fault"]["kind"] == "wrong_method"
    assert shop("GET", "/products").header("X-RateLimit-Limit") is None
    assert shop("GET", "/agents/openapi.yaml", key=None).status == 200


def test_park_graph_without_its_domain_keeps_sessions_and_moves_the_clock() -> None:
    bare = dataclasses.replace(model("park_graph"), domain=None)
    sandbox = open_sandbox(bare, start=START, time_source=lambda: 0.0, rng=random.Random(1))

    def call(
        method: str, url: str, body: object = None, role: str = "unlimited"
    ) -> tuple[int, dict[str, object]]:
        headers = (("Authorization", f"Bearer {sandbox.tokens[role]}"), ("Content-Type", "application/json"))
        answer = sandbox.handler(Request(method, url, headers, json_bytes(body) if body is not None else b""))
        assert isinstance(answer, Response)
        return answer.status, json.loads(answer.body)

    _, made = call("POST", "/api/v1/sessions", {"lot_id": "lot_lionshead", "plate": "AB", "hours": 3})
    session = made["session"]
    assert isinstance(session, dict)
    assert call("GET", f"/api/v1/sessions/{session['id']}")[1]["session"]["id"] == session["id"]  # type: ignore[index]  # it is a session
    listed = call("GET", "/api/v1/sessions?limit=50")[1]["sessions"]
    assert isinstance(listed, list)
    assert session["id"] in {s["id"] for s in listed}
    end = {"session_id": session["id"], "session_code": session["session_code"]}
    assert [call("POST", "/api/v1/sessions/end", end)[0] for _ in range(2)] == [200, 409]
    assert call("POST", "/sandbox/v1/clock", {"advance_s": 60}, "operator")[1] == {
        "now": "2026-04-18T16:01:00Z"
    }


@pytest.mark.parametrize("start", [START, 1_830_000_000.0], ids=["before", "long-after"])
def test_holds_of_examples_free_no_copy_when_they_end(start: float) -> None:
    """The times of examples pass one day, and their titles count some of these holds already."""
    sandbox = open_sandbox(model("library"), start=start, time_source=lambda: 0.0, rng=random.Random(1))
    headers = (("X-API-Key", sandbox.tokens["unlimited"]),)
    answer = sandbox.handler(Request("GET", "/titles/1", headers, b""))
    assert isinstance(answer, Response)
    title = json.loads(answer.body)
    assert 0 <= title["available"] <= title["copies"]


@pytest.mark.parametrize(
    "pattern",
    [
        "^p-[0-9]{1,6}$",
        "^[A-Za-z0-9_-]{1,64}$",
        "^sess_[A-Za-z0-9_-]{1,59}$",
        r"^\d{3}-\w+$",
        "^(a|b)+c?$",
        "^[^/]+$",
        "^req_",
        r"^v\.x{2,3}$",
    ],
)
def test_sampled_text_keeps_its_pattern(pattern: str) -> None:
    assert re.search(pattern, pattern_text(pattern))


def test_sampled_answers_keep_every_schema_of_the_catalogues() -> None:
    for name in ("park_graph", "shop"):
        found = model(name)
        for action in found.actions:
            if action.success.schema is not None:
                value = sample(action.success.schema, found.schemas, START)
                assert validator(action.success.schema, found.schemas).is_valid(value), (action.name, value)


def test_place_of_an_instance_is_read_from_a_plain_expression_alone() -> None:
    expressions = {
        str(c.at.wording): places.place(c.at)
        for r in model("park_graph").resources.values()
        for c in (r.made_by, r.found_by)
        if c and c.at
    }
    assert expressions["response.session"] == ("session",)
    assert expressions["response.allocations[0]"] == ("allocations", 0)
    assert places.put({"a": [1]}, ("a", 1, "b"), 2) == {"a": [1, {"b": 2}]}


@pytest.mark.parametrize(
    ("held", "left"),
    [([], []), ([{"b": 1}], [{"b": 2}]), ([{"b": 1}, {"b": 1}], [{"b": 1}, {"b": 2}]), (None, None)],
)
def test_item_counted_from_the_end_is_put_only_where_the_list_has_it(held: object, left: object) -> None:
    assert places.put({"a": held}, ("a", -1, "b"), 2) == {"a": left}
