"""A bill without sessions says null instead of an empty list by lot, as the list is only made with its
first entry.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import results
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall
from pgagents.sandbox.fault_declaration import Context

CLASS = "types"
SUBTLE = True
FORM = "formal"
PROMISE = "schemas.BillingReport.properties.by_lot.type:: a bill's lots are a list, also where there are none"


def wrap(handler: Handler, context: Context) -> Handler:
    def edit(call: AcceptedCall, data: Any) -> None:
        data["report"]["by_lot"] = data["report"]["by_lot"] or None

    results(context, edit, "get_fleet_billing")
    return handler


def shows(call: Shown) -> Any:
    return call.billed("fleet_waymo_sf", "2020-01-01T00:00:00Z", "2020-02-01T00:00:00Z")["by_lot"]
