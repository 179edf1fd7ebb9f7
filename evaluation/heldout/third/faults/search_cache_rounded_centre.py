"""Searches are cached for half a minute by a centre rounded to three digits, so a second search near by
gets the distances of the first.
"""

from __future__ import annotations

import copy
from typing import Any

from evaluation.heldout.around import acts
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain
from pgagents.sandbox.fault_declaration import Context

CLASS = "caching"
SUBTLE = True
FORM = "formal"
PROMISE = "actions.search_parking.laws.true-distance:: a lot's distance is that from the search centre"


def wrap(handler: Handler, context: Context) -> Handler:
    kept: dict[tuple[Any, ...], tuple[float, Any]] = {}

    def act(inner: Domain, call: AcceptedCall) -> Any:
        asked = call.input
        place = (
            round(asked["lat"], 3),
            round(asked["lng"], 3),
            asked["radius_km"],
            asked["limit"],
            asked.get("autonomous_entry"),
        )
        of = (*place, call.key.group if call.key else None)
        until, found = kept.get(of, (0.0, None))
        if call.now < until:
            return copy.deepcopy(found)
        found = inner(call)
        kept[of] = (call.now + 30, copy.deepcopy(found))
        return found

    acts(context, act, "search_parking")
    return handler


def shows(call: Shown) -> Any:
    return [
        call.lots(f"lat={lat}&lng=-106.3742&radius_km=1.5")[0]["distance_km"] for lat in (39.6403, 39.63965)
    ]
