"""The length of a reason is counted in UTF-16 units, as JavaScript does, so 120 emoji are refused as more
than 200.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import acts
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain, Refusal
from pgagents.sandbox.fault_declaration import Context

CLASS = "unicode"
SUBTLE = True
FORM = "formal"
PROMISE = "actions.refund_session.input.reason.maxLength:: a reason has up to 200 characters"


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def wrap(handler: Handler, context: Context) -> Handler:
    def act(inner: Domain, call: AcceptedCall) -> Any:
        if _units(call.input["reason"]) > 200:
            return Refusal("BAD_REQUEST", "reason is at most 200 characters long", "reason")
        return inner(call)

    acts(context, act, "refund_session")
    return handler


def shows(call: Shown) -> Any:
    body = {"session_id": "sess_01JS1E6R3A", "reason": "\U0001f697" * 120, "amount": 1}
    return call.status("POST", "/api/v1/refunds", body)
