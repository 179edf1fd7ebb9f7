"""The amount of a refund is made cents by cutting a float, so 0.29 dollars become 28 cents."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import acts, given
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain
from pgagents.sandbox.fault_declaration import Context

CLASS = "rounding"
SUBTLE = True
PROMISE = "PG-L8: the amount asked for is given back"


def wrap(handler: Handler, context: Context) -> Handler:
    def act(inner: Domain, call: AcceptedCall) -> Any:
        if "amount" not in call.input:
            return inner(call)
        return inner(given(call, amount=int(call.input["amount"] * 100) / 100))

    acts(context, act, "refund_session")
    return handler


def shows(call: Shown) -> Any:
    body = {"session_id": "sess_01JS1E6R3A", "reason": "late", "amount": 0.29}
    return call.data("POST", "/api/v1/refunds", body, status=201)["refund"]["amount"]
