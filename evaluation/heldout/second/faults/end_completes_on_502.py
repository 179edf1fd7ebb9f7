"""The session is completed before the processor is asked; where that fails the caller is told 502, and the
retry is a 409.
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
    "idempotency.not_used_up_by + errors.codes.BAD_GATEWAY.meaning:: after a 502 the call may be "
    "repeated with the same idempotency key"
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
    down = {"outcome": "processor_down"}
    call.data("POST", f"/sandbox/v1/payments/{session['payment_intent_id']}", down, key="operator")
    call.end(session, status=502)
    body = {"session_id": session["id"], "session_code": session["session_code"]}
    return call.status("POST", "/api/v1/sessions/end", body)
