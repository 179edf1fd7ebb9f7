"""The radius of a fleet's dispatch goes to a service that takes miles, so spaces are held farther away
than asked.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import acts, given
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.fault_declaration import Context

CLASS = "AV fleet"
SUBTLE = True
FORM = "formal"
PROMISE = (
    "actions.dispatch_av_fleet.input.radius_km.description + "
    "workflows.fleet.steps.hold.expect:: "
    "spaces are held at lots within the radius in km"
)


def wrap(handler: Handler, context: Context) -> Handler:
    acts(
        context,
        lambda inner, call: inner(given(call, radius_km=call.input["radius_km"] * 1.609344)),
        "dispatch_av_fleet",
    )
    return handler


def shows(call: Shown) -> Any:
    body = {
        "fleet_id": "fleet_waymo_sf",
        "lat": 39.6403,
        "lng": -106.3742,
        "radius_km": 0.6,
        "vehicles": [{"plate": "AV-1"}],
    }
    return call.status("POST", "/api/v1/av-fleet/dispatch", body, key="fleet")
