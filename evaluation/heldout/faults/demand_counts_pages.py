"""The demand counts every lot that a search found instead of the search."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import results
from evaluation.heldout.calls import NEAR, Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall
from pgagents.sandbox.fault_declaration import Context

CLASS = "intelligence"
SUBTLE = True
PROMISE = "DemandReport.queries: number of agents' searches"


def wrap(handler: Handler, context: Context) -> Handler:
    def again(_call: AcceptedCall, found: Any) -> None:
        for _ in found["lots"][1:]:
            context.front.store.run(
                "INSERT INTO search_log (at, lat, lng, platform, key_id, end_user) "
                "SELECT at, lat, lng, platform, key_id, end_user FROM search_log ORDER BY n DESC LIMIT 1"
            )

    results(context, again, "search_parking")
    return handler


def shows(call: Shown) -> Any:
    call.lots()
    return call.data("GET", f"/api/v2/intelligence/agent-demand?{NEAR}&radius_km=1.5")["data"]["queries"]
