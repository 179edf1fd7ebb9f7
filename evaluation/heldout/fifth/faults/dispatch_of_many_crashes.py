"""Holds are written with one statement of at most 20 rows, so a fleet of more crashes where there are
spaces for all.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import acts
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain, Refusal
from pgagents.sandbox.fault_declaration import Context

CLASS = "large values"
SUBTLE = True
FORM = "formal"
PROMISE = "actions.dispatch_av_fleet.input.vehicles.maxItems:: up to 25 vehicles are dispatched at once"


def _written(inner: Domain, call: AcceptedCall) -> Any:
    found = inner(call)
    if not isinstance(found, Refusal) and len(found["allocations"]) > 20:
        raise RuntimeError("too many SQL variables")
    return found


def wrap(handler: Handler, context: Context) -> Handler:
    acts(context, _written, "dispatch_av_fleet")
    return handler


def shows(call: Shown) -> Any:
    body = {
        "fleet_id": "fleet_waymo_sf",
        "lat": 39.6403,
        "lng": -106.3742,
        "vehicles": [{"plate": f"AV-{n}"} for n in range(25)],
    }
    return call.status("POST", "/api/v1/av-fleet/dispatch", body)
