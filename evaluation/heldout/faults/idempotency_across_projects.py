"""One project's idempotency key stands in the way of another's."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import acts
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain, Refusal
from pgagents.sandbox.fault_declaration import Context

CLASS = "tenancy"
SUBTLE = True
PROMISE = "section 6: keys are per API key"


def wrap(handler: Handler, context: Context) -> Handler:
    used: set[str] = set()

    def act(inner: Domain, call: AcceptedCall) -> Any:
        value = call.input.get(call.action.idempotency) if call.action.idempotency else None
        if value in used:
            return Refusal("CONFLICT", "This idempotency key was used")
        found = inner(call)
        if value and not isinstance(found, Refusal):
            used.add(value)
        return found

    acts(context, act)
    return handler


def shows(call: Shown) -> Any:
    body = {"lot_id": "lot_lionshead", "plate": "CO-1"}
    return [
        call.status("POST", "/api/v1/sessions", body, key=key, Idempotency_Key="k1")
        for key in ("unlimited", "second")
    ]
