"""A fleet's bill adds up the hours that were asked for instead of the hours parked."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from evaluation.heldout.around import results
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall
from pgagents.sandbox.fault_declaration import Context

CLASS = "money"
SUBTLE = True
FORM = "words"
PROMISE = "schemas.BillingReport.properties.hours.description:: a bill's hours are the time parked"


def wrap(handler: Handler, context: Context) -> Handler:
    def edit(call: AcceptedCall, found: Any) -> None:
        period = [datetime.fromisoformat(call.input[name].upper()).timestamp() for name in ("from", "to")]
        row = context.front.store.row(
            "SELECT coalesce(sum(hours), 0) AS hours FROM session WHERE tenant = ? AND fleet_id = ? AND "
            "status = 'completed' "
            "AND ended_at >= ? AND ended_at < ?",
            call.key.tenant if call.key else "",
            call.input["fleet_id"],
            *period,
        )
        assert row is not None
        found["report"]["hours"] = row["hours"]

    results(context, edit, "get_fleet_billing")
    return handler


def shows(call: Shown) -> Any:
    session = call.park("lot_cascade", "AV-7", key="fleet", hours=2)
    call.wait(3600)
    call.end(session, key="fleet")
    return call.billed("fleet_waymo_sf", "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z", key="fleet")["hours"]
