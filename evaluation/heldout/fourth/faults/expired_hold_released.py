"""Releasing a hold only looks whether it was released before, so an expired one gives its space back a
second time.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import acts
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain
from pgagents.sandbox.fault_declaration import Context
from pgagents.sandbox.park_graph.lots import give_space

CLASS = "AV fleet"
SUBTLE = True
FORM = "formal"
PROMISE = (
    "resources.hold.expires_by + resources.hold.missing + actions.release_hold.examples.gone.status:: an "
    "expired hold is no longer found"
)


def wrap(handler: Handler, context: Context) -> Handler:
    def act(inner: Domain, call: AcceptedCall) -> Any:
        found = inner(call)
        store, tenant = context.front.store, call.key.tenant if call.key else ""
        hold = store.row(
            "SELECT id, lot_id FROM hold WHERE id = ? AND tenant = ? AND status = 'expired'",
            call.input["hold_id"],
            tenant,
        )
        if hold is None:
            return found
        store.run("UPDATE hold SET status = 'released' WHERE id = ?", hold["id"])
        give_space(context.courier.outbox, hold["lot_id"], call.now)
        return None

    acts(context, act, "release_hold")
    return handler


def shows(call: Shown) -> Any:
    hold = call.hold(ttl_seconds=30)
    call.wait(60)
    return call.status("DELETE", f"/api/v1/av-fleet/holds/{hold['hold_id']}", key="fleet"), call.available(
        hold["lot_id"]
    )
