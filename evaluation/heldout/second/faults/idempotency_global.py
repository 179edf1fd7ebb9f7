"""Idempotency keys are unique in one table for everybody, so a key that another API key has used is a
conflict.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler, Response
from pgagents.sandbox import idempotency
from pgagents.sandbox.call import AcceptedCall
from pgagents.sandbox.fault_declaration import Context

CLASS = "idempotency"
SUBTLE = True
FORM = "formal"
PROMISE = "idempotency.of.key:: each API key has its own"


def wrap(handler: Handler, context: Context) -> Handler:
    front = context.front
    inner = front._run

    def run(call: AcceptedCall, request_id: str) -> Response:
        value = call.input.get(call.action.idempotency) if call.action.idempotency else None
        sql = "SELECT resource FROM idempotency WHERE value = ? AND key_id <> ? AND dies_at > ?"
        row = front.store.row(sql, value, call.key.id, call.now) if value and call.key else None
        if row is not None:
            return front._replay(call, idempotency.Earlier(False, row["resource"], Response(200)), request_id)
        return inner(call, request_id)

    front._run = run  # type: ignore[method-assign]  # a fault
    return handler


def shows(call: Shown) -> Any:
    body = {"lot_id": "lot_lionshead", "plate": "CO-1"}
    return [
        call.status("POST", "/api/v1/sessions", body, key=key, Idempotency_Key="k1")
        for key in ("unlimited", "second")
    ]
