"""What is remembered is the key together with the body's hash, so the same key with another body has a
second effect.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import given
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler, Response
from pgagents.sandbox import idempotency
from pgagents.sandbox.call import AcceptedCall
from pgagents.sandbox.fault_declaration import Context

CLASS = "idempotency"
SUBTLE = True
FORM = "formal"
PROMISE = "behaviour.replay:: conflict"


def wrap(handler: Handler, context: Context) -> Handler:
    front = context.front
    inner = front._run

    def run(call: AcceptedCall, request_id: str) -> Response:
        name = call.action.idempotency
        value = call.input.get(name) if name else None
        if name and value:
            call = given(call, **{name: value + ":" + idempotency.fingerprint(call.action, call.input).hex()})
        return inner(call, request_id)

    front._run = run  # type: ignore[method-assign]  # a fault
    return handler


def shows(call: Shown) -> Any:
    bodies = [{"lot_id": "lot_lionshead", "plate": plate} for plate in ("CO-1", "CO-2")]
    return [call.status("POST", "/api/v1/sessions", body, Idempotency_Key="k1") for body in bodies]
