"""A dispatch looks everywhere within 50 km, whatever radius it is told."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import acts, given
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.fault_declaration import Context

CLASS = "fleets"
SUBTLE = True
PROMISE = "PG-FLEET: radius_km"


def wrap(handler: Handler, context: Context) -> Handler:
    acts(context, lambda inner, call: inner(given(call, radius_km=50)), "dispatch_av_fleet")
    return handler


def shows(call: Shown) -> Any:
    body = {
        "fleet_id": "fleet_waymo_sf",
        "lat": 39.6403,
        "lng": -106.3742,
        "radius_km": 0.1,
        "vehicles": [{"plate": "A-1"}],
    }
    return call.status("POST", "/api/v1/av-fleet/dispatch", body, key="fleet")
