"""The database takes no NUL in a text, which nobody looks for before: a reason with one ends in 500."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import acts
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain
from pgagents.sandbox.fault_declaration import Context

CLASS = "odd input"
SUBTLE = True
FORM = "formal"
PROMISE = (
    "actions.refund_session.input.reason + errors.framework.invalid:: any text of 1 to 200 characters; "
    "what is not fit is BAD_REQUEST"
)


def wrap(handler: Handler, context: Context) -> Handler:
    def act(inner: Domain, call: AcceptedCall) -> Any:
        if any(isinstance(value, str) and "\0" in value for value in call.input.values()):
            raise ValueError("invalid byte sequence for encoding UTF8: 0x00")
        return inner(call)

    acts(context, act)
    return handler


def shows(call: Shown) -> Any:
    return call.status(
        "POST", "/api/v1/refunds", {"session_id": "sess_01JS1E6R3A", "reason": "a\0b", "amount": 1}
    )
