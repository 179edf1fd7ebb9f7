"""A change asks for an instance in a state that its action needs, and none is asked for that cannot be."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from importing import answering, openapi, taking
from overlaying import over
from pgagents.catalogue.model.model import Model
from pgagents.verify.promise import Trial
from pgagents.verify.run.run import contracts

TEXT = {"type": "string", "minLength": 1, "maxLength": 40}
STATE = {"type": "string", "enum": ["draft", "sent"]}
LINES = """
errors: {{inferred: false}}
resources:
  order:
    state: state
    states: [draft, sent]
    initial: draft
    moves:
      send_order: {{from: [draft], to: sent, otherwise: CONFLICT}}
      change_order: {{from: [draft], otherwise: CONFLICT}}
      add_note: {{from: [{state}], otherwise: CONFLICT}}
  note:
    within: order
    made_by: {{action: add_note, input: {{order_id: "=order.id", text: "=fresh.text"}}}}
    read_by: {{action: get_note, input: {{order_id: "=order.id", note_id: "=resource.id"}}}}
"""


def model(state: str = "draft", *, begins: bool = True) -> Model:
    def thing(**members: Any) -> dict[str, Any]:
        return {"type": "object", "required": ["id", *members], "properties": {"id": TEXT, **members}}

    def call(name: str, status: int, schema: Any, *at: str, body: str = "") -> dict[str, Any]:
        content = answering(schema)["200"] if schema else {"description": "Gone"}
        sent = {"requestBody": taking({"type": "object", "required": [body], "properties": {body: TEXT}})}
        named = [{"name": one, "in": "path", "required": True, "schema": TEXT} for one in at]
        refused = {str(code): {"description": "No"} for code in (404, 409, 422)}
        told = {str(status): content, **refused}
        return {"operationId": name, "parameters": named, "responses": told, **(sent if body else {})}

    order, note, one = thing(name=TEXT, state=STATE), thing(text=TEXT), "/orders/{order_id}"
    paths = {
        "/orders": {
            "get": call("list_orders", 200, {"type": "array", "items": order}),
            "post": call("create_order", 201, order, body="name"),
        },
        one: {
            "get": call("get_order", 200, order, "order_id"),
            "patch": call("change_order", 200, order, "order_id", body="name"),
            "delete": call("delete_order", 204, None, "order_id"),
        },
        f"{one}/send": {"post": call("send_order", 200, order, "order_id")},
        f"{one}/notes": {"post": call("add_note", 201, note, "order_id", body="text")},
        f"{one}/notes/{{note_id}}": {"get": call("get_note", 200, note, "order_id", "note_id")},
    }
    lines = LINES.format(state=state)
    return over(lines if begins else lines.replace("    initial: draft\n", ""), openapi(paths))


def test_a_change_that_only_drafts_take_asks_for_a_draft() -> None:
    of = model()
    action = next(action for action in of.actions if action.name == "change_order")
    for subject, states in ((None, ()), (of.resources["note"], ("of a note",))):
        template = SimpleNamespace(states=states, subject=subject)
        trial = SimpleNamespace(template=template, setting=SimpleNamespace(model=of), action=action)
        wanted = Trial.refer(cast(Any, trial), of.resources["order"])
        assert (wanted.resource, wanted.states, wanted.fresh) == ("order", ("draft",), True)


@pytest.mark.parametrize(("state", "asked"), [("draft", True), ("sent", False)])
def test_a_part_of_what_was_sent_is_not_looked_for_in_a_removed_draft(state: str, asked: bool) -> None:
    assert ("nesting/gone/note/get_note@rest" in {c.id for c in contracts(model(state))}) is asked
    unsaid = contracts(model(state, begins=False))  # in which state an order begins
    assert "nesting/gone/note/get_note@rest" in {c.id for c in unsaid}
