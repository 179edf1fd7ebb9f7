"""Idempotency keys are kept in one table without the API key, so one customer's value blocks another's."""

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
PROMISE = "idempotency.of:: an idempotency key belongs to the API key that it was sent with"


def wrap(handler: Handler, context: Context) -> Handler:
    taken: dict[str, tuple[str, float]] = {}

    def act(inner: Domain, call: AcceptedCall) -> Any:
        value = call.input.get(call.action.idempotency) if call.action.idempotency else None
        if not value:
            return inner(call)
        owner, until = taken.get(value, ("", 0.0))
        mine = call.key.id if call.key else ""
        if call.now < until and owner != mine:
            return Refusal("CONFLICT", "This idempotency key was used")
        found = inner(call)
        if not isinstance(found, Refusal):
            taken[value] = (mine, call.now + 86_400)
        return found

    acts(context, act)
    return handler


def shows(call: Shown) -> Any:
    body = {"lot_id": "lot_lionshead", "plate": "CO-7891"}
    return [
        call.status("POST", "/api/v1/sessions", body, key=key, Idempotency_Key="one")
        for key in ("unlimited", "second")
    ]
