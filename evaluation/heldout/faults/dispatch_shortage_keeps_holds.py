"""A dispatch that finds too few spaces is refused, but keeps those it found."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import acts, given
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain, Refusal
from pgagents.sandbox.fault_declaration import Context

CLASS = "partial failure"
SUBTLE = True
PROMISE = "PG-L11: dispatch holds all vehicles or none (409)"


def wrap(handler: Handler, context: Context) -> Handler:
    def act(inner: Domain, call: AcceptedCall) -> Any:
        found = inner(call)
        if isinstance(found, Refusal) and found.code == "CONFLICT":
            for count in range(len(call.input["vehicles"]) - 1, 0, -1):
                if not isinstance(inner(given(call, vehicles=call.input["vehicles"][:count])), Refusal):
                    break
        return found

    acts(context, act, "dispatch_av_fleet")
    return handler


def shows(call: Shown) -> Any:
    call.sandbox.front.store.run("UPDATE lot SET available = 1 WHERE id IN ('lot_lionshead', 'lot_cascade')")
    vehicles = [{"plate": f"A-{n}"} for n in range(3)]
    body = {
        "fleet_id": "fleet_waymo_sf",
        "lat": 39.6403,
        "lng": -106.3742,
        "radius_km": 1.5,
        "vehicles": vehicles,
    }
    return call.status("POST", "/api/v1/av-fleet/dispatch", body, key="fleet"), call.available(
        "lot_lionshead"
    )
