"""Only the outermost object of a body is strict; what is unknown inside a vehicle of a fleet is dropped in
silence.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from evaluation.heldout.second.around import judged
from pgagents.base.http import Handler
from pgagents.catalogue.model.action import Action
from pgagents.sandbox.fault_declaration import Context

CLASS = "validation"
SUBTLE = True
FORM = "formal"
PROMISE = (
    "actions.dispatch_av_fleet.input.vehicles.items.additionalProperties + behaviour.unknown_member:: refused"
)


def wrap(handler: Handler, context: Context) -> Handler:
    def members(action: Action, given: dict[str, Any], surface: str) -> dict[str, Any]:
        vehicles = given.get("vehicles")
        if action.name != "dispatch_av_fleet" or not isinstance(vehicles, list):
            return given
        kept = [
            {k: w for k, w in v.items() if k in ("plate", "vin")} if isinstance(v, dict) else v
            for v in vehicles
        ]
        return {**given, "vehicles": kept}

    judged(context, members)
    return handler


def shows(call: Shown) -> Any:
    body = {
        "fleet_id": "f1",
        "lat": 39.6403,
        "lng": -106.3742,
        "vehicles": [{"plate": "AV-1", "colour": "red"}],
    }
    return call.told("POST", "/api/v1/av-fleet/dispatch", body)
