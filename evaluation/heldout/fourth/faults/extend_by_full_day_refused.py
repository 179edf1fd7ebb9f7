"""The longest extension was meant to be allowed and is refused, as hours are compared with `>=`."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import acts
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain, Refusal
from pgagents.sandbox.fault_declaration import Context
from sandboxes import named

CLASS = "validation"
SUBTLE = True
FORM = "formal"
PROMISE = "actions.extend_session.input.extend_hours.maximum:: 24 hours may be added at once"


def wrap(handler: Handler, context: Context) -> Handler:
    def act(inner: Domain, call: AcceptedCall) -> Any:
        if call.input["extend_hours"] >= 24:
            return Refusal("BAD_REQUEST", "extend_hours: must be at most 24", "extend_hours")
        return inner(call)

    acts(context, act, "extend_session")
    return handler


def shows(call: Shown) -> Any:
    session = call.park()
    return call.status("POST", "/api/v1/sessions/extend", {**named(session), "extend_hours": 24})
