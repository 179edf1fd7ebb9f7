"""A bill's fee is a tenth of its total instead of the sum of the sessions' fees."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from evaluation.heldout.around import results
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall
from pgagents.sandbox.fault_declaration import Context
from pgagents.sandbox.park_graph import money

CLASS = "rounding"
SUBTLE = True
PROMISE = "PG-L9: billing equals the sum over that fleet's sessions"


def wrap(handler: Handler, context: Context) -> Handler:
    def of_total(_: AcceptedCall, found: Any) -> None:
        report = found["report"]
        report["platform_fee"] = money.half_up(money.to_cents(report["subtotal"]) * Decimal("0.1")) / 100

    results(context, of_total, "get_fleet_billing")
    return handler


def shows(call: Shown) -> Any:
    for n in range(4):
        session = call.park("lot_cascade", f"A-{n}", key="fleet")
        call.wait(360)
        call.end(session, key="fleet")
    return call.billed("fleet_waymo_sf", "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z")["platform_fee"]
