"""A refund's cents are put into 32 bits, so an amount far beyond the charge turns into a small one and is
paid out.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import acts, given
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain
from pgagents.sandbox.fault_declaration import Context
from pgagents.sandbox.park_graph import money

CLASS = "money"
SUBTLE = True
FORM = "formal"
PROMISE = (
    "actions.refund_session.laws.amount-kept + "
    "workflows.refunds.steps.too_much:: "
    "more than what remains is refused, and what is asked is given"
)


def wrap(handler: Handler, context: Context) -> Handler:
    def act(inner: Domain, call: AcceptedCall) -> Any:
        wanted = call.input.get("amount")
        if wanted is None or wanted < 2**31 / 100:
            return inner(call)
        cents = money.to_cents(wanted) & 0xFFFFFFFF
        return inner(given(call, amount=(cents - 2**32 if cents >= 2**31 else cents) / 100))

    acts(context, act, "refund_session")
    return handler


def shows(call: Shown) -> Any:
    body = {"session_id": "sess_01JS1E6R3A", "reason": "late", "amount": 42_949_673.96}
    return call.told("POST", "/api/v1/refunds", body)[0]
