"""A refund's reason goes to a database whose texts cannot hold the character NUL, and nobody catches that."""

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
    "actions.refund_session.input.reason.maxLength + actions.refund_session.output.201:: any text of 1 "
    "to 200 characters is a reason"
)


def wrap(handler: Handler, context: Context) -> Handler:
    def act(inner: Domain, call: AcceptedCall) -> Any:
        if "\0" in call.input["reason"]:
            raise ValueError("A string literal cannot contain NUL (0x00) characters.")
        return inner(call)

    acts(context, act, "refund_session")
    return handler


def shows(call: Shown) -> Any:
    return call.status(
        "POST", "/api/v1/refunds", {"session_id": "sess_01JS1E6R3A", "reason": "late\0", "amount": 1}
    )
