"""The idempotency key is taken before the payment processor is called, so after a 502 the retry that the
page promises is refused.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import acts
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain, Refusal
from pgagents.sandbox.fault_declaration import Context

CLASS = "idempotency"
SUBTLE = True
FORM = "formal"
PROMISE = "idempotency.not_used_up_by:: a 502 does not use an idempotency key up"


def wrap(handler: Handler, context: Context) -> Handler:
    taken: set[tuple[str, str]] = set()

    def act(inner: Domain, call: AcceptedCall) -> Any:
        value = call.input.get(call.action.idempotency) if call.action.idempotency else None
        mine = (call.key.id if call.key else "", value or "")
        if value and mine in taken:
            return Refusal("CONFLICT", "This idempotency key was used")
        found = inner(call)
        if value and isinstance(found, Refusal) and found.code == "BAD_GATEWAY":
            taken.add(mine)
        return found

    acts(context, act)
    return handler


def shows(call: Shown) -> Any:
    call.data("POST", "/sandbox/v1/payments/next", {"outcome": "processor_down"}, key="operator")
    body = {"lot_id": "lot_lionshead", "plate": "CO-7891"}
    return [call.status("POST", "/api/v1/sessions", body, Idempotency_Key="one") for _ in range(2)]
