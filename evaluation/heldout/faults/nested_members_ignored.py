"""Unknown members are refused in a body, but inside a vehicle they are ignored."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler, Request
from pgagents.sandbox import fault_helpers
from pgagents.sandbox.fault_declaration import Context

CLASS = "input"
SUBTLE = True
PROMISE = "An unknown body or dispatcher member is refused with 400 naming it"


def wrap(handler: Handler, context: Context) -> Handler:
    reader = fault_helpers.RequestReader(context.model)

    def known(vehicle: Any) -> Any:
        if not isinstance(vehicle, dict):
            return vehicle
        return {
            name: value
            for name, value in vehicle.items()
            if name in ("plate", "vin", "autonomous", "fleet_id")
        }

    def repair(request: Request) -> Request:
        values = reader.arguments(request)
        if isinstance(values.get("vehicle"), dict):
            return reader.with_arguments(request, {**values, "vehicle": known(values["vehicle"])})
        if isinstance(values.get("vehicles"), list):
            return reader.with_arguments(
                request, {**values, "vehicles": [known(v) for v in values["vehicles"]]}
            )
        return request

    return fault_helpers.repairs(handler, repair)


def shows(call: Shown) -> Any:
    return call.status(
        "POST", "/api/v1/sessions", {"lot_id": "lot_lionshead", "plate": "CO-1", "vehicle": {"colour": "red"}}
    )
