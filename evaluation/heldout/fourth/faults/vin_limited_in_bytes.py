"""The length of a VIN is checked in bytes of UTF-8, so one with letters beyond ASCII is refused though it
has few characters.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import acts
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain, Refusal
from pgagents.sandbox.fault_declaration import Context

CLASS = "validation"
SUBTLE = True
FORM = "formal"
PROMISE = (
    "actions.create_session.input.vehicle.properties.vin.maxLength:: a text of up to 32 characters is a "
    "valid VIN"
)


def wrap(handler: Handler, context: Context) -> Handler:
    def act(inner: Domain, call: AcceptedCall) -> Any:
        vin = (call.input.get("vehicle") or {}).get("vin") or ""
        if len(vin.encode()) > 32:
            return Refusal("BAD_REQUEST", "vehicle.vin: must be at most 32 bytes long", "vehicle.vin")
        return inner(call)

    acts(context, act, "create_session")
    return handler


def shows(call: Shown) -> Any:
    return call.told(
        "POST", "/api/v1/sessions", {"lot_id": "lot_cascade", "plate": "AV-9", "vehicle": {"vin": "Ω" * 20}}
    )[0]
