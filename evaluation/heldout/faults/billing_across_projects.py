"""A bill adds up the sessions of every project that uses this fleet's name."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import acts, as_tenant
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain, Refusal
from pgagents.sandbox.fault_declaration import Context

CLASS = "tenancy"
SUBTLE = True
PROMISE = "PG-L10 and PG-L9: billing is the sum over that fleet's sessions of the project"


def wrap(handler: Handler, context: Context) -> Handler:
    def act(inner: Domain, call: AcceptedCall) -> Any:
        found = inner(call)
        if isinstance(found, Refusal):
            return found
        fleet, own = call.input["fleet_id"], call.key.tenant if call.key else ""
        total = found["report"]
        for row in context.front.store.rows(
            "SELECT DISTINCT tenant FROM session WHERE fleet_id = ? AND tenant <> ?", fleet, own
        ):
            other = inner(as_tenant(call, row["tenant"]))["report"]
            total["by_lot"] += [
                lot
                for lot in other["by_lot"]
                if lot["lot_id"] not in {known["lot_id"] for known in total["by_lot"]}
            ]
            for name in ("hours", "platform_fee"):
                total[name] = round(total[name] + other[name], 2)
        total["sessions"] = sum(lot["sessions"] for lot in total["by_lot"])
        total["subtotal"] = round(sum(lot["subtotal"] for lot in total["by_lot"]), 2)
        return found

    acts(context, act, "get_fleet_billing")
    return handler


def shows(call: Shown) -> Any:
    session = call.park(key="second", vehicle={"fleet_id": "fleet_x"})
    call.wait(3600)
    call.end(session, key="second")
    return call.billed("fleet_x", "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z")["subtotal"]
