"""The length of a reason is counted in bytes, so a long one in another script is refused."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import acts
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain, Refusal
from pgagents.sandbox.fault_declaration import Context

CLASS = "unicode"
SUBTLE = True
PROMISE = "ranges: reason 1-200 characters"


def wrap(handler: Handler, context: Context) -> Handler:
    def act(inner: Domain, call: AcceptedCall) -> Any:
        if len(call.input["reason"].encode()) > 200:
            return Refusal("BAD_REQUEST", "reason is too long", "reason")
        return inner(call)

    acts(context, act, "refund_session")
    return handler


def shows(call: Shown) -> Any:
    return call.status(
        "POST", "/api/v1/refunds", {"session_id": "sess_01JS1E6R3A", "reason": "駐" * 100, "amount": 1}
    )
