"""A hold that a session has used can still be released, and the session's space is given away."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import acts
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain
from pgagents.sandbox.fault_declaration import Context

CLASS = "holds"
SUBTLE = True
PROMISE = "PG-L11: create with hold_id commits it; release gives a held space back"


def wrap(handler: Handler, context: Context) -> Handler:
    def act(inner: Domain, call: AcceptedCall) -> Any:
        tenant = call.key.tenant if call.key else ""
        context.front.store.run(
            "UPDATE hold SET status = 'active' WHERE id = ? AND tenant = ? AND status = 'committed'",
            call.input["hold_id"],
            tenant,
        )
        return inner(call)

    acts(context, act, "release_hold")
    return handler


def shows(call: Shown) -> Any:
    held = call.hold()
    call.park(held["lot_id"], "AV-1", key="fleet", hold_id=held["hold_id"])
    return call.status("DELETE", f"/api/v1/av-fleet/holds/{held['hold_id']}", key="fleet")
