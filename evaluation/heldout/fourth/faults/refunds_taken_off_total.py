"""Refunds are taken off a bill's subtotal and not off its lots, so that the lots no longer add up to it."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import results
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, epoch_of
from pgagents.sandbox.fault_declaration import Context

CLASS = "money"
SUBTLE = True
FORM = "formal"
PROMISE = "actions.get_fleet_billing.laws.lots-sum-up:: the lots' subtotals add up to the bill's"


def wrap(handler: Handler, context: Context) -> Handler:
    def edit(call: AcceptedCall, data: Any) -> None:
        report = data["report"]
        row = context.front.store.row(
            "SELECT coalesce(sum(cents), 0) AS cents FROM refund JOIN session ON session.id = session_id "
            "WHERE tenant = ? AND fleet_id = ? AND ended_at >= ? AND ended_at < ?",
            call.key.tenant if call.key else "",
            report["fleet_id"],
            epoch_of(report["from"]) or 0.0,
            epoch_of(report["to"]) or 0.0,
        )
        assert row is not None
        report["subtotal"] = round(report["subtotal"] - row["cents"] / 100, 2)

    results(context, edit, "get_fleet_billing")
    return handler


def shows(call: Shown) -> Any:
    session = call.park("lot_cascade", "AV-7", key="fleet")
    call.wait(7200)
    call.end(session, key="fleet")
    call.data(
        "POST", "/api/v1/refunds", {"session_id": session["id"], "reason": "late", "amount": 1.5}, status=201
    )
    bill = call.billed("fleet_waymo_sf", "2026-04-01T00:00:00Z", "2026-05-01T00:00:00Z")
    return bill["subtotal"] == sum(lot["subtotal"] for lot in bill["by_lot"])
