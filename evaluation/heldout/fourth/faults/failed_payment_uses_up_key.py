"""The idempotency key is claimed when a call begins and freed on refusals of our own, but not when the
payment processor fails.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import acts
from evaluation.heldout.calls import Shown
from evaluation.heldout.fourth.around import down
from pgagents.base.http import Handler, Response
from pgagents.sandbox import idempotency
from pgagents.sandbox.call import AcceptedCall, Domain, Refusal
from pgagents.sandbox.fault_declaration import Context
from sandboxes import named

CLASS = "idempotency"
SUBTLE = True
FORM = "formal"
PROMISE = "idempotency.not_used_up_by.502:: a 502 does not use up the idempotency key"


def wrap(handler: Handler, context: Context) -> Handler:
    def act(inner: Domain, call: AcceptedCall) -> Any:
        found = inner(call)
        value = call.input.get("idempotency_key")
        if value and call.key and isinstance(found, Refusal) and found.code == "BAD_GATEWAY":
            idempotency.remember(
                context.front.store,
                call.key.id,
                value,
                idempotency.fingerprint(call.action, call.input),
                Response(502),
                "an earlier call's result",
                call.now + 86_400,
            )
        return found

    acts(context, act, "create_session", "extend_session", "end_session")
    return handler


def shows(call: Shown) -> Any:
    session = call.park()
    down(call, session["payment_intent_id"])
    first = call.status("POST", "/api/v1/sessions/extend", named(session), Idempotency_Key="x1")
    return first, call.status("POST", "/api/v1/sessions/extend", named(session), Idempotency_Key="x1")
