"""A create reads the lot's count, and writes one less at its end, so of two creates that overlap at one
lot only one is counted.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import acts
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain, Refusal
from pgagents.sandbox.fault_declaration import Context

CLASS = "concurrency"
SUBTLE = True
FORM = "formal"
PROMISE = "resources.session.takes:: a session takes one space of its lot"


def wrap(handler: Handler, context: Context) -> Handler:
    read_at: dict[str, float] = {}

    def act(inner: Domain, call: AcceptedCall) -> Any:
        lot = call.input["lot_id"]
        found = inner(call)
        if isinstance(found, Refusal) or call.input.get("hold_id"):
            return found
        if call.now - read_at.get(lot, 0.0) < 0.05:
            context.front.store.run(
                "UPDATE lot SET available = available + 1 WHERE id = ? AND available < total", lot
            )
        read_at[lot] = call.now
        return found

    acts(context, act, "create_session")
    return handler


def shows(call: Shown) -> Any:
    before = call.available("lot_lionshead")
    call.park()
    call.park()
    return before - call.available("lot_lionshead")
