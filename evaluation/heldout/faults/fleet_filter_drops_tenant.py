"""A list asked for one fleet holds the sessions of every project that names this fleet."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import acts, as_tenant
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain, Refusal
from pgagents.sandbox.fault_declaration import Context

CLASS = "tenancy"
SUBTLE = True
PROMISE = "PG-L10: one project never sees another's sessions"


def wrap(handler: Handler, context: Context) -> Handler:
    def act(inner: Domain, call: AcceptedCall) -> Any:
        fleet = call.input.get("fleet_id")
        found = inner(call)
        if fleet is None or isinstance(found, Refusal):
            return found
        own = call.key.tenant if call.key else ""
        for row in context.front.store.rows(
            "SELECT DISTINCT tenant FROM session WHERE fleet_id = ? AND tenant <> ?", fleet, own
        ):
            found["sessions"] += inner(as_tenant(call, row["tenant"]))["sessions"]
        found["sessions"].sort(key=lambda s: (s["started_at"], s["id"]), reverse=True)
        del found["sessions"][call.input["limit"] :]
        return found

    acts(context, act, "list_sessions")
    return handler


def shows(call: Shown) -> Any:
    call.park(vehicle={"fleet_id": "fleet_x"}, key="second")
    return len(call.data("GET", "/api/v1/sessions?fleet_id=fleet_x")["sessions"])
