"""A call that is refused with 409 uses up its idempotency key."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import acts
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain, Refusal
from pgagents.sandbox.fault_declaration import Context
from sandboxes import named

CLASS = "idempotency"
SUBTLE = True
PROMISE = "section 6: a 4xx does not consume the key"


def wrap(handler: Handler, context: Context) -> Handler:
    used: set[tuple[str, str]] = set()

    def act(inner: Domain, call: AcceptedCall) -> Any:
        value = call.input.get(call.action.idempotency) if call.action.idempotency else None
        place = (call.key.id if call.key else "", value or "")
        if place in used:
            return Refusal("CONFLICT", "This idempotency key was used")
        found = inner(call)
        if value and isinstance(found, Refusal) and found.code == "CONFLICT":
            used.add(place)
        return found

    acts(context, act)
    return handler


def shows(call: Shown) -> Any:
    first, second = call.park(), call.park()
    call.end(first)
    call("POST", "/api/v1/sessions/end", named(first), Idempotency_Key="k1")
    return call.status("POST", "/api/v1/sessions/end", named(second), Idempotency_Key="k1")
