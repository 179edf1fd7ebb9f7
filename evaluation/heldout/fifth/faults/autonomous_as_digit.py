"""The mark of an autonomous vehicle is read as a database's boolean, so 0 and 1 are taken."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from evaluation.heldout.fifth.around import kind, one
from pgagents.base.http import Handler
from pgagents.sandbox.fault_declaration import Context

CLASS = "wrong type"
SUBTLE = True
FORM = "formal"
PROMISE = "actions.create_session.input.vehicle.properties.autonomous.type:: a boolean is true or false"


def _marked(vehicle: Any) -> Any:
    if (
        not isinstance(vehicle, dict)
        or type(vehicle.get("autonomous")) is not int
        or vehicle["autonomous"] not in (0, 1)
    ):
        return vehicle
    return {**vehicle, "autonomous": bool(vehicle["autonomous"])}


def wrap(handler: Handler, context: Context) -> Handler:
    kind(context, "create_session", one("vehicle", _marked))
    return handler


def shows(call: Shown) -> Any:
    return call.told(
        "POST", "/api/v1/sessions", {"lot_id": "lot_cascade", "plate": "AV-9", "vehicle": {"autonomous": 1}}
    )
