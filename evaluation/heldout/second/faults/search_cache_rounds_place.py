"""Searches are cached for half a minute by their place rounded to a hundredth of a degree, distances and
all.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import acts
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain
from pgagents.sandbox.fault_declaration import Context

CLASS = "caching"
SUBTLE = True
FORM = "formal"
PROMISE = "actions.search_parking.laws.true-distance:: distance_km is that from the search's own centre"


def wrap(handler: Handler, context: Context) -> Handler:
    kept: dict[tuple[Any, ...], tuple[float, list[dict[str, Any]]]] = {}

    def act(inner: Domain, call: AcceptedCall) -> Any:
        found, asked = inner(call), call.input
        fleet = call.key.group if call.key else None
        name = (
            round(asked["lat"], 2),
            round(asked["lng"], 2),
            asked["radius_km"],
            asked["limit"],
            asked.get("autonomous_entry"),
            fleet,
        )
        until, lots = kept.get(name, (0.0, []))
        if call.now >= until:
            kept[name] = (call.now + 30, [dict(lot) for lot in found["lots"]])
            return found
        fresh = {lot["id"]: lot for lot in found["lots"]}  # what changes by the minute is read anew
        return {
            "lots": [
                {**lot, **{k: fresh.get(lot["id"], lot)[k] for k in ("available", "agents_allowed", "rate")}}
                for lot in lots
            ]
        }

    acts(context, act, "search_parking")
    return handler


def shows(call: Shown) -> Any:
    call.lots("lat=39.6403&lng=-106.3742&radius_km=1.5")
    return [lot["distance_km"] for lot in call.lots("lat=39.6441&lng=-106.3709&radius_km=1.5")]
