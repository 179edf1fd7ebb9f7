"""Idempotency keys are kept in a cache whose entries live an hour."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler, Response
from pgagents.sandbox.call import AcceptedCall
from pgagents.sandbox.fault_declaration import Context

CLASS = "idempotency"
SUBTLE = True
FORM = "formal"
PROMISE = "idempotency.lives_s:: 86400"


def wrap(handler: Handler, context: Context) -> Handler:
    front = context.front
    inner = front._run

    def run(call: AcceptedCall, request_id: str) -> Response:
        with front.store.transaction():
            front.store.run("DELETE FROM idempotency WHERE dies_at <= ?", call.now + 86_400 - 3600)
        return inner(call, request_id)

    front._run = run  # type: ignore[method-assign]  # a fault
    return handler


def shows(call: Shown) -> Any:
    body = {"lot_id": "lot_lionshead", "plate": "CO-1"}
    first = call.status("POST", "/api/v1/sessions", body, Idempotency_Key="k1")
    call.wait(2 * 3600)
    return first, call.status("POST", "/api/v1/sessions", body, Idempotency_Key="k1")
