"""Idempotency keys are forgotten after an hour instead of a day."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler, Request
from pgagents.sandbox import fault_helpers
from pgagents.sandbox.fault_declaration import Context

CLASS = "idempotency"
SUBTLE = True
PROMISE = "section 6: after a 2xx the same key is 409 for 24 h"


def wrap(handler: Handler, context: Context) -> Handler:
    front = context.front

    def forget(request: Request) -> Request:
        with front.store.lock, front.store.transaction():
            front.store.run("DELETE FROM idempotency WHERE dies_at <= ?", front.clock.now() + 23 * 3600)
        return request

    return fault_helpers.repairs(handler, forget)


def shows(call: Shown) -> Any:
    body = {"lot_id": "lot_lionshead", "plate": "CO-1"}
    call("POST", "/api/v1/sessions", body, Idempotency_Key="k1")
    call.wait(2 * 3600)
    return call.status("POST", "/api/v1/sessions", body, Idempotency_Key="k1")
