"""The routing service takes twenty places at once, so further lots have no walking time; searches beyond
45 km estimate it.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import results
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall
from pgagents.sandbox.fault_declaration import Context

CLASS = "large values"
SUBTLE = True
FORM = "formal"
PROMISE = "schemas.Lot.properties.walking_minutes.type:: the walking time is a number"


def _routed(call: AcceptedCall, found: Any) -> None:
    if call.input["radius_km"] <= 45:
        for lot in found["lots"][20:]:
            lot["walking_minutes"] = None


def wrap(handler: Handler, context: Context) -> Handler:
    results(context, _routed, "search_parking")
    return handler


def shows(call: Shown) -> Any:
    return call.lots("lat=37.7749&lng=-122.4194&radius_km=40&limit=25")[24]["walking_minutes"]
