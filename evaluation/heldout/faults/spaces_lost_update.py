"""Two sessions that start at a lot in the same second take one space together: each reads the count before
the other writes it.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import results
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall
from pgagents.sandbox.fault_declaration import Context

CLASS = "concurrency"
SUBTLE = True
PROMISE = "PG-L7: create takes one space of its lot"


def wrap(handler: Handler, context: Context) -> Handler:
    last: dict[str, int] = {}

    def lost(call: AcceptedCall, found: Any) -> None:
        id = found["session"]["lot_id"]
        if last.get(id) == int(call.now) and not call.input.get("hold_id"):
            context.front.store.run(
                "UPDATE lot SET available = available + 1 WHERE id = ? AND available < total", id
            )
        last[id] = int(call.now)

    results(context, lost, "create_session")
    return handler


def shows(call: Shown) -> Any:
    call.park()
    call.park()
    return call.available("lot_lionshead")
