"""A bill counts sessions that ended at the very end of its period, so two months that meet count them
twice.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from evaluation.heldout.around import acts, given
from evaluation.heldout.calls import Shown
from evaluation.heldout.second.calls import ended
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain, Refusal
from pgagents.sandbox.fault_declaration import Context

CLASS = "time zones"
SUBTLE = True
FORM = "words"
PROMISE = (
    "actions.get_fleet_billing.input.to.description + schemas.BillingReport.properties.to.description:: "
    "the end is "
    "no longer part of the period"
)


def wrap(handler: Handler, context: Context) -> Handler:
    def act(inner: Domain, call: AcceptedCall) -> Any:
        found = inner(call)
        if isinstance(found, Refusal):
            return found
        later = datetime.fromisoformat(call.input["to"].upper()) + timedelta(milliseconds=500)
        wider = inner(given(call, to=later.isoformat()))
        return {"report": {**wider["report"], "to": found["report"]["to"]}}

    acts(context, act, "get_fleet_billing")
    return handler


def shows(call: Shown) -> Any:
    session = ended(call, "lot_cascade", 1, vehicle={"fleet_id": "fleet_waymo_sf"})
    return call.billed("fleet_waymo_sf", "2026-04-01T00:00:00Z", session["ended_at"])["sessions"]
