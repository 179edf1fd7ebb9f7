"""max_daily bounds the whole stay, not each 24 hours of it."""

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
    "actions.end_session.laws.charge-hourly + schemas.Session.properties.max_daily.description:: most "
    "charged for each 24 h"
)


def wrap(handler: Handler, context: Context) -> Handler:
    def act(inner: Domain, call: AcceptedCall) -> Any:
        found = inner(call)
        if (
            not isinstance(found, Refusal)
            and found["session"]["max_daily"] is not None
            and found["session"]["rate_unit"] == "hour"
        ):
            most = round(found["session"]["max_daily"] * 100)
            if round(found["session"]["subtotal"] * 100) > most:
                rebill(context.front, context.courier.outbox, found["session"], most)
        return found

    acts(context, act, "end_session")
    return handler


def shows(call: Shown) -> Any:
    return ended(call, "lot_cascade", 30)["subtotal"]
