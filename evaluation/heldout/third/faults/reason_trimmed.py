"""A refund's reason is stripped of surrounding blanks after it was validated, so what is kept is not what
was sent.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import acts, given
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.fault_declaration import Context

CLASS = "normalisation"
SUBTLE = True
FORM = "formal"
PROMISE = "actions.refund_session.laws.reason-kept:: a refund's reason is the one that was given"


def wrap(handler: Handler, context: Context) -> Handler:
    acts(
        context, lambda inner, call: inner(given(call, reason=call.input["reason"].strip())), "refund_session"
    )
    return handler


def shows(call: Shown) -> Any:
    body = {"session_id": "sess_01JS1E6R3A", "reason": " Gate  late ", "amount": 1}
    return call.data("POST", "/api/v1/refunds", body, status=201)["refund"]["reason"]
