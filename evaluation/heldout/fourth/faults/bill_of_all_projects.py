"""A fleet's bill sums by the fleet's id over all projects, where two of them use the same id."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import acts, as_tenant
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain, Refusal
from pgagents.sandbox.fault_declaration import Context

CLASS = "tenancy"
SUBTLE = True
FORM = "formal"
PROMISE = "actions.get_fleet_billing.tenant:: a bill counts the caller's own project alone"


def wrap(handler: Handler, context: Context) -> Handler:
    def act(inner: Domain, call: AcceptedCall) -> Any:
        own = inner(call)
        if isinstance(own, Refusal) or call.key is None:
            return own
        report = own["report"]
        others = context.front.store.rows(
            "SELECT DISTINCT tenant FROM session WHERE fleet_id = ? AND tenant <> ?",
            call.input["fleet_id"],
            call.key.tenant,
        )
        for other in others:
            theirs = inner(as_tenant(call, other["tenant"]))["report"]
            report["sessions"] += theirs["sessions"]
            for name in ("hours", "subtotal", "platform_fee"):
                report[name] = round(report[name] + theirs[name], 2)
            _add(report["by_lot"], theirs["by_lot"])
        return own

    acts(context, act, "get_fleet_billing")
    return handler


def _add(lots: list[dict[str, Any]], more: list[dict[str, Any]]) -> None:
    for lot in more:
        same = next((known for known in lots if known["lot_id"] == lot["lot_id"]), None)
        if same is None:
            lots.append(lot)
        else:
            same["sessions"] += lot["sessions"]
            same["subtotal"] = round(same["subtotal"] + lot["subtotal"], 2)


def shows(call: Shown) -> Any:
    session = call.park("lot_cascade", "AV-7", key="second", vehicle={"fleet_id": "fleet_x"})
    call.wait(3600)
    call.end(session, key="second")
    return call.billed("fleet_x", "2026-04-01T00:00:00Z", "2026-05-01T00:00:00Z")["sessions"]
