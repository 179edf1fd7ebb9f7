"""The dispatcher takes an idempotency key and does nothing with it."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import arguments
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.fault_declaration import Context
from sandboxes import DISPATCH

CLASS = "dispatcher"
SUBTLE = True
PROMISE = "Dispatcher: idempotency_key is an optional parameter where REST has the header"


def wrap(handler: Handler, context: Context) -> Handler:
    def change(action: Any, values: dict[str, Any], _given: frozenset[str], surface: str) -> dict[str, Any]:
        return {k: v for k, v in values.items() if surface == "rest" or k != action.idempotency}

    arguments(context, change)
    return handler


def shows(call: Shown) -> Any:
    body = {
        "action": "create_session",
        "parameters": {"lot_id": "lot_lionshead", "plate": "CO-1", "idempotency_key": "k1"},
    }
    return call.status("POST", DISPATCH, body), call.status("POST", DISPATCH, body)
