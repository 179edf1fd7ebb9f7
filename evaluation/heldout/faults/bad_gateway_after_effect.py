"""When the payment processor fails, the session has already been ended."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import acts
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain, Refusal
from pgagents.sandbox.fault_declaration import Context
from sandboxes import named

CLASS = "partial failure"
SUBTLE = True
PROMISE = "section 6: after a 502 the same body may be retried and takes effect once"


def wrap(handler: Handler, context: Context) -> Handler:
    def act(inner: Domain, call: AcceptedCall) -> Any:
        found = inner(call)
        if isinstance(found, Refusal) and found.code == "BAD_GATEWAY":
            inner(call)
        return found

    acts(context, act, "end_session", "create_session")
    return handler


def shows(call: Shown) -> Any:
    session = call.park()
    call(
        "POST",
        f"/sandbox/v1/payments/{session['payment_intent_id']}",
        {"outcome": "processor_down"},
        key="operator",
    )
    return [call.status("POST", "/api/v1/sessions/end", named(session)) for _ in range(2)]
