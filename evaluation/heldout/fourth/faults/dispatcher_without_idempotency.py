"""The dispatcher calls the service behind the layer that knows idempotency keys, so a repeated create
makes a second session.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evaluation.heldout.around import arguments
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.catalogue.model.action import Action
from pgagents.sandbox.fault_declaration import Context
from sandboxes import DISPATCH

CLASS = "idempotency"
SUBTLE = False
FORM = "formal"
PROMISE = (
    "actions.create_session.idempotency + "
    "surfaces.dispatcher.responses.409:: "
    "the same idempotency key takes effect once, by the dispatcher too"
)


def wrap(handler: Handler, context: Context) -> Handler:
    def change(
        action: Action, values: dict[str, Any], names: frozenset[str], surface: str
    ) -> Mapping[str, Any]:
        if surface == "dispatcher":
            values.pop("idempotency_key", None)
        return values

    arguments(context, change)
    return handler


def shows(call: Shown) -> Any:
    body = {
        "action": "create_session",
        "parameters": {"lot_id": "lot_cascade", "plate": "CO-1", "idempotency_key": "k1"},
    }
    return [call.status("POST", DISPATCH, body) for _ in range(2)]
