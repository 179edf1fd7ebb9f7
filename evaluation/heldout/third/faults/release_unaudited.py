"""Releasing a hold is a DELETE, which the audit's middleware does not listen to, so it leaves no row."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import acts
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain
from pgagents.sandbox.fault_declaration import Context
from pgagents.sandbox.park_graph.lots import give_space

CLASS = "audit"
SUBTLE = True
FORM = "formal"
PROMISE = "workflows.audit.title + actions.release_hold.effect + audit.listed_by:: every write leaves a row"


def wrap(handler: Handler, context: Context) -> Handler:
    store = context.front.store

    def act(inner: Domain, call: AcceptedCall) -> Any:
        tenant = call.key.tenant if call.key else ""
        hold = store.row(
            "SELECT * FROM hold WHERE id = ? AND tenant = ? AND status = 'active'",
            call.input["hold_id"],
            tenant,
        )
        if hold is None:
            return inner(call)
        store.run("UPDATE hold SET status = 'released' WHERE id = ?", hold["id"])
        give_space(context.courier.outbox, hold["lot_id"], call.now)
        return None

    acts(context, act, "release_hold")
    return handler


def shows(call: Shown) -> Any:
    hold = call.hold()
    call("DELETE", f"/api/v1/av-fleet/holds/{hold['hold_id']}", key="fleet")
    rows = call.data("GET", "/sandbox/v1/audit?limit=5", key="operator")["rows"]
    return [row["action"] for row in rows]
