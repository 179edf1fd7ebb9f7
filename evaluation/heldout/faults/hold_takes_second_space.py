"""A session that uses a hold takes a space of its own besides."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import results
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall
from pgagents.sandbox.fault_declaration import Context

CLASS = "holds"
SUBTLE = False
PROMISE = "PG-L11: create with hold_id commits it without a second space"


def wrap(handler: Handler, context: Context) -> Handler:
    def twice(call: AcceptedCall, found: Any) -> None:
        if call.input.get("hold_id"):
            context.front.store.run(
                "UPDATE lot SET available = available - 1 WHERE id = ? AND available > 0",
                found["session"]["lot_id"],
            )

    results(context, twice, "create_session")
    return handler


def shows(call: Shown) -> Any:
    held = call.hold()
    call.park(held["lot_id"], "AV-1", key="fleet", hold_id=held["hold_id"])
    return call.available(held["lot_id"])
