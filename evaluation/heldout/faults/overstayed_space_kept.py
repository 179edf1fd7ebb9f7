"""The space of a session that ends after its time is never given back."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import results
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall
from pgagents.sandbox.fault_declaration import Context

CLASS = "holds"
SUBTLE = True
PROMISE = "PG-L7: end gives the space back"


def wrap(handler: Handler, context: Context) -> Handler:
    def kept(_: AcceptedCall, found: Any) -> None:
        session = found["session"]
        if session["ended_at"] > session["expires_at"]:
            context.front.store.run(
                "UPDATE lot SET available = available - 1 WHERE id = ? AND available > 0", session["lot_id"]
            )

    results(context, kept, "end_session")
    return handler


def shows(call: Shown) -> Any:
    session = call.park(hours=1)
    call.wait(7200)
    call.end(session)
    return call.available("lot_lionshead")
