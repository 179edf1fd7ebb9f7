"""Whatever the domain answered, a 502 of the payment processor too, is kept under the idempotency key, so
its repetition is a 409.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import acts
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler, Response
from pgagents.sandbox import idempotency
from pgagents.sandbox.call import AcceptedCall, Domain, Refusal
from pgagents.sandbox.fault_declaration import Context

CLASS = "idempotency"
SUBTLE = True
FORM = "formal"
PROMISE = "idempotency.not_used_up_by.502:: a 502 does not use the key up"


def wrap(handler: Handler, context: Context) -> Handler:
    def act(inner: Domain, call: AcceptedCall) -> Any:
        found = inner(call)
        value = call.input.get(call.action.idempotency) if call.action.idempotency else None
        if value and call.key and isinstance(found, Refusal) and found.code == "BAD_GATEWAY":
            hash, front = idempotency.fingerprint(call.action, call.input), context.front
            idempotency.remember(
                front.store, call.key.id, value, hash, Response(502), "a failed call", call.now + 86_400
            )
        return found

    acts(context, act)
    return handler


def shows(call: Shown) -> Any:
    call.data("POST", "/sandbox/v1/payments/next", {"outcome": "processor_down"}, key="operator")
    body = {"lot_id": "lot_lionshead", "plate": "CO-1"}
    return [call.status("POST", "/api/v1/sessions", body, Idempotency_Key="k1") for _ in range(2)]
