"""What is captured is never more than was authorised, so who stays longer than asked for pays the
estimate.
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
    "actions.end_session.laws.charge-hourly + actions.create_session.input.hours.description:: charged "
    "is the real stay"
)


def wrap(handler: Handler, context: Context) -> Handler:
    def act(inner: Domain, call: AcceptedCall) -> Any:
        found = inner(call)
        if (
            not isinstance(found, Refusal)
            and found["session"]["subtotal"] > found["session"]["estimated_amount"]
        ):
            rebill(
                context.front,
                context.courier.outbox,
                found["session"],
                round(found["session"]["estimated_amount"] * 100),
            )
        return found

    acts(context, act, "end_session")
    return handler


def shows(call: Shown) -> Any:
    return ended(call, "lot_lionshead", 4, hours=1)["subtotal"]
