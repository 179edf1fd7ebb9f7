"""A session is completed before the payment processor is asked, and stays so where that fails, so the
repeated call is a 409 and nobody is charged.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import acts
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain, Refusal
from pgagents.sandbox.fault_declaration import Context

CLASS = "partial failure"
SUBTLE = True
FORM = "formal"
PROMISE = (
    "errors.codes.BAD_GATEWAY.provoked_by.end_session + idempotency.not_used_up_by:: "
    "a 502 changes nothing, so the same call may be repeated"
)


def wrap(handler: Handler, context: Context) -> Handler:
    def act(inner: Domain, call: AcceptedCall) -> Any:
        found = inner(call)
        if isinstance(found, Refusal) and found.code == "BAD_GATEWAY":
            inner(call)
        return found

    acts(context, act, "end_session")
    return handler


def shows(call: Shown) -> Any:
    session = call.park()
    call.data(
        "POST",
        f"/sandbox/v1/payments/{session['payment_intent_id']}",
        {"outcome": "processor_down"},
        key="operator",
    )
    named = {"session_id": session["id"], "session_code": session["session_code"]}
    return [call.status("POST", "/api/v1/sessions/end", named, Idempotency_Key="one") for _ in range(2)]
