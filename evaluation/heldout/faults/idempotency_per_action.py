"""An idempotency key is remembered for one action only, so the same key does something else elsewhere."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import arguments
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.fault_declaration import Context
from sandboxes import named

CLASS = "idempotency"
SUBTLE = True
PROMISE = "section 6: after a 2xx the same key is 409; another body with it: 409"


def wrap(handler: Handler, context: Context) -> Handler:
    def change(action: Any, values: dict[str, Any], _given: frozenset[str], _surface: str) -> dict[str, Any]:
        if action.idempotency in values:
            values[action.idempotency] = f"{action.name}:{values[action.idempotency]}"
        return values

    arguments(context, change)
    return handler


def shows(call: Shown) -> Any:
    body = {"lot_id": "lot_lionshead", "plate": "CO-1"}
    session = call.data("POST", "/api/v1/sessions", body, status=201, Idempotency_Key="k1")["session"]
    return call.status("POST", "/api/v1/sessions/end", named(session), Idempotency_Key="k1")
