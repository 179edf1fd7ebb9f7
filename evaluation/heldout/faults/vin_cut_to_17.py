"""A vehicle's number is kept to 17 characters, though 32 are taken."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import acts, given
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain
from pgagents.sandbox.fault_declaration import Context

CLASS = "create"
SUBTLE = True
PROMISE = "PG-L6: what was created is what is read back; vin 1-32"


def wrap(handler: Handler, context: Context) -> Handler:
    def act(inner: Domain, call: AcceptedCall) -> Any:
        vehicle = call.input.get("vehicle") or {}
        return inner(
            given(call, vehicle={**vehicle, "vin": vehicle["vin"][:17]}) if "vin" in vehicle else call
        )

    acts(context, act, "create_session")
    return handler


def shows(call: Shown) -> Any:
    return call.park(vehicle={"vin": "V" * 20})["vehicle"]["vin"]
