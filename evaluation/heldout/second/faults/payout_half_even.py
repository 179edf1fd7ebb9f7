"""The payout is rounded with Decimal's default, half to even: of 30.25 dollars the owner gets 27.22, not
27.23.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import acts
from evaluation.heldout.calls import Shown
from evaluation.heldout.second.around import rebill
from evaluation.heldout.second.calls import ended
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain, Refusal
from pgagents.sandbox.fault_declaration import Context

CLASS = "money"
SUBTLE = True
FORM = "formal"
PROMISE = (
    "actions.end_session.laws.payout:: cents(response.session.owner_payout) == "
    "cents(response.session.subtotal * 0.9), half up"
)


def wrap(handler: Handler, context: Context) -> Handler:
    def act(inner: Domain, call: AcceptedCall) -> Any:
        found = inner(call)
        if not isinstance(found, Refusal):
            cents = round(found["session"]["subtotal"] * 100)
            whole, tenths = divmod(cents * 9, 10)
            if tenths == 5 and whole % 2 == 0:
                rebill(context.front, context.courier.outbox, found["session"], cents, whole)
        return found

    acts(context, act, "end_session")
    return handler


def shows(call: Shown) -> Any:
    return ended(call, "lot_golden_peak", 0.1, rate=30.25)["owner_payout"]
