"""Only a job marks holds as expired; a create that names one does not look at its time and takes it."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import acts
from evaluation.heldout.calls import Shown
from evaluation.heldout.second.around import tenant
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain
from pgagents.sandbox.fault_declaration import Context
from pgagents.sandbox.park_graph.lots import take_space

CLASS = "state machine"
SUBTLE = True
FORM = "formal"
PROMISE = (
    "resources.hold.expires_by.expires_at + schemas.Allocation.properties.expires_at.description:: the "
    "space is given back at expires_at"
)


def wrap(handler: Handler, context: Context) -> Handler:
    def act(inner: Domain, call: AcceptedCall) -> Any:
        store, given = context.front.store, call.input
        row = store.row(
            "SELECT * FROM hold WHERE id = ? AND tenant = ? AND lot_id = ? AND plate = ? AND expires_at <= ? "
            "AND status IN ('active', 'expired')",
            given.get("hold_id"),
            tenant(call.key),
            given["lot_id"],
            given["plate"].upper(),
            call.now,
        )
        if row is not None and (
            row["status"] == "active" or take_space(context.courier.outbox, row["lot_id"], call.now)
        ):
            store.run(
                "UPDATE hold SET status = 'active', expires_at = ? WHERE id = ?", call.now + 1, row["id"]
            )
        return inner(call)

    acts(context, act, "create_session")
    return handler


def shows(call: Shown) -> Any:
    hold = call.hold(ttl_seconds=30)
    call.wait(60)
    body = {"lot_id": hold["lot_id"], "plate": "AV-1", "hold_id": hold["hold_id"]}
    return call.status("POST", "/api/v1/sessions", body, key="fleet")
