"""Search tells the free spaces of an index that is made once, while availability is live."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import results
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall
from pgagents.sandbox.fault_declaration import Context

CLASS = "caching"
SUBTLE = True
PROMISE = "Lot.available: free spaces now; PG-L7: create takes one space of its lot"


def wrap(handler: Handler, context: Context) -> Handler:
    counted = {
        row["id"]: row["available"] for row in context.front.store.rows("SELECT id, available FROM lot")
    }

    def stale(_: AcceptedCall, found: Any) -> None:
        for lot in found["lots"]:
            lot["available"] = counted[lot["id"]]

    results(context, stale, "search_parking")
    return handler


def shows(call: Shown) -> Any:
    call.park()
    return call.lots()[1]["available"], call.available("lot_lionshead")
