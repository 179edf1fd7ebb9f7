"""Vehicles are given their spaces one by one; where these run out the fleet is told 409, and the holds
made so far stay.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import acts, given
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain, Refusal
from pgagents.sandbox.fault_declaration import Context

CLASS = "partial failure"
SUBTLE = True
FORM = "words"
PROMISE = "actions.dispatch_av_fleet.description:: all of them or none"


def wrap(handler: Handler, context: Context) -> Handler:
    def act(inner: Domain, call: AcceptedCall) -> Any:
        found = inner(call)
        if isinstance(found, Refusal) and found.code == "CONFLICT":
            for fewer in range(len(call.input["vehicles"]) - 1, 0, -1):
                if not isinstance(inner(given(call, vehicles=call.input["vehicles"][:fewer])), Refusal):
                    break
        return found

    acts(context, act, "dispatch_av_fleet")
    return handler


def shows(call: Shown) -> Any:
    body = {
        "fleet_id": "f1",
        "lat": 39.6424,
        "lng": -106.39,
        "radius_km": 0.1,
        "vehicles": [{"plate": f"AV-{n}"} for n in range(25)],
    }
    call.status("POST", "/api/v1/av-fleet/dispatch", body)
    return call.available("lot_cascade")
