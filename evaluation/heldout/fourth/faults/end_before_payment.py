"""A session is completed before the payment processor is asked, so after a 502 it is over and a retry
finds it completed.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import acts
from evaluation.heldout.calls import Shown
from evaluation.heldout.fourth.around import down
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain, Refusal
from pgagents.sandbox.fault_declaration import Context
from sandboxes import named

CLASS = "partial failure"
SUBTLE = True
FORM = "formal"
PROMISE = (
    "idempotency.not_used_up_by + errors.codes.BAD_GATEWAY.meaning:: after a 502 the same call may be "
    "repeated and takes effect"
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
    down(call, session["payment_intent_id"])
    first = call.status("POST", "/api/v1/sessions/end", named(session), Idempotency_Key="e1")
    return first, call.status("POST", "/api/v1/sessions/end", named(session), Idempotency_Key="e1")
