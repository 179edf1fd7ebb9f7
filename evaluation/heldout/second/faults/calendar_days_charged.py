"""A lot that charges by the day charges for each date that a stay touches: one hour over midnight costs
two days.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from evaluation.heldout.around import acts
from evaluation.heldout.calls import Shown
from evaluation.heldout.second.around import rebill
from evaluation.heldout.second.calls import ended
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain, Refusal
from pgagents.sandbox.fault_declaration import Context

CLASS = "time zones"
SUBTLE = True
FORM = "formal"
PROMISE = "actions.end_session.laws.charge-units:: a day is 24 h from the stay's begin"


def wrap(handler: Handler, context: Context) -> Handler:
    def act(inner: Domain, call: AcceptedCall) -> Any:
        found = inner(call)
        if isinstance(found, Refusal) or found["session"]["rate_unit"] != "day":
            return found
        session = found["session"]
        first, last = (datetime.fromisoformat(session[name]).date() for name in ("started_at", "ended_at"))
        days = (last - first).days + 1
        per_day = (
            session["rate"] if session["max_daily"] is None else min(session["rate"], session["max_daily"])
        )
        if round(per_day * 100) * days != round(session["subtotal"] * 100):
            rebill(context.front, context.courier.outbox, session, round(per_day * 100) * days)
        return found

    acts(context, act, "end_session")
    return handler


def shows(call: Shown) -> Any:
    call.wait(7 * 3600 + 1800)
    return ended(call, "lot_golden_peak", 1)["subtotal"]
