"""Search reads free spaces from an index that is refreshed every quarter of a minute, so they are not
those of now.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import results
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall
from pgagents.sandbox.fault_declaration import Context

CLASS = "caching"
SUBTLE = True
FORM = "words"
PROMISE = "schemas.Lot.properties.available.description:: a lot that search finds shows its free spaces now"


LIVES_S = 15.0


def wrap(handler: Handler, context: Context) -> Handler:
    index: dict[str, tuple[float, int]] = {}

    def edit(call: AcceptedCall, data: Any) -> None:
        for lot in data["lots"]:
            at, available = index.get(lot["id"], (-LIVES_S, 0))
            if call.now - at < LIVES_S:
                lot["available"] = available
            else:
                index[lot["id"]] = (call.now, lot["available"])

    results(context, edit, "search_parking")
    return handler


def shows(call: Shown) -> Any:
    call.lots()
    call.park("lot_cascade")
    return [lot["available"] for lot in call.lots() if lot["id"] == "lot_cascade"]
