"""Distances are reckoned in degrees, as if a degree of longitude were as long everywhere."""

from __future__ import annotations

import math
from typing import Any

from evaluation.heldout.around import acts, given
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain
from pgagents.sandbox.fault_declaration import Context

CLASS = "search"
SUBTLE = False
PROMISE = "PG-SEARCH, PG-L5: great-circle distance, none beyond radius_km"


def wrap(handler: Handler, context: Context) -> Handler:
    def act(inner: Domain, call: AcceptedCall) -> Any:
        radius, limit = call.input["radius_km"], call.input["limit"]
        found = inner(given(call, radius_km=50, limit=25))
        near = []
        for lot in found["lots"]:
            flat = math.hypot(lot["lat"] - call.input["lat"], lot["lng"] - call.input["lng"]) * 111.195
            if flat <= radius:
                near.append({**lot, "distance_km": round(flat, 3)})
        return {"lots": sorted(near, key=lambda lot: lot["distance_km"])[:limit]}

    acts(context, act, "search_parking")
    return handler


def shows(call: Shown) -> Any:
    return [(lot["id"], lot["distance_km"]) for lot in call.lots()]
