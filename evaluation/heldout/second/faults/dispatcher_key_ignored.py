"""Idempotency is a middleware that reads the header; the dispatcher's parameter of that name is taken and
never looked at.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import arguments
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.catalogue.model.action import Action
from pgagents.sandbox.fault_declaration import Context

CLASS = "idempotency"
SUBTLE = True
FORM = "formal"
PROMISE = (
    "actions.create_session.idempotency + surfaces.dispatcher.arguments + behaviour.replay:: the "
    "dispatcher takes an "
    "action's arguments; a replay is a conflict"
)


def wrap(handler: Handler, context: Context) -> Handler:
    def change(action: Action, values: dict[str, Any], given: frozenset[str], surface: str) -> dict[str, Any]:
        if surface == "dispatcher":
            values.pop("idempotency_key", None)
        return values

    arguments(context, change)
    return handler


def shows(call: Shown) -> Any:
    body = {
        "action": "create_session",
        "parameters": {"lot_id": "lot_lionshead", "plate": "CO-1", "idempotency_key": "k1"},
    }
    return [call.status("POST", "/api/v1/agents/openai/actions", body) for _ in range(2)]
