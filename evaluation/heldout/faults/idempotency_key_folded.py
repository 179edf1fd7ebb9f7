"""Idempotency keys are compared without case, so a new key is taken for an old one."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import arguments
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.fault_declaration import Context

CLASS = "idempotency"
SUBTLE = True
PROMISE = "section 6: the same key is 409; another key is another effect"


def wrap(handler: Handler, context: Context) -> Handler:
    def change(action: Any, values: dict[str, Any], _given: frozenset[str], _surface: str) -> dict[str, Any]:
        if action.idempotency in values:
            values[action.idempotency] = values[action.idempotency].lower()
        return values

    arguments(context, change)
    return handler


def shows(call: Shown) -> Any:
    body = {"lot_id": "lot_lionshead", "plate": "CO-1"}
    return [call.status("POST", "/api/v1/sessions", body, Idempotency_Key=key) for key in ("k1", "K1")]
