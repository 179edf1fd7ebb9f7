"""Spaces are held one by one, and where the last is lacking the call is refused, but those that were held
stay so until they expire.
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
PROMISE = "actions.dispatch_av_fleet.description:: spaces are held for all vehicles or for none"


def wrap(handler: Handler, context: Context) -> Handler:
    def act(inner: Domain, call: AcceptedCall) -> Any:
        refused = inner(call)
        if isinstance(refused, Refusal) and refused.code == "CONFLICT":
            vehicles = call.input["vehicles"]
            for most in range(len(vehicles) - 1, 0, -1):
                if not isinstance(inner(given(call, vehicles=vehicles[:most])), Refusal):
                    break
        return refused

    acts(context, act, "dispatch_av_fleet")
    return handler


def shows(call: Shown) -> Any:
    body = {
        "fleet_id": "fleet_waymo_sf", "lat": 39.6424, "lng": -106.39, "radius_km": 0.05,
        "vehicles": [{"plate": f"AV-{n}"} for n in range(25)],
    }  # fmt: skip
    return call.status("POST", "/api/v1/av-fleet/dispatch", body, key="fleet"), call.available("lot_cascade")
