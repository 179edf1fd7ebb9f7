"""Ending a session gives back the space that it took itself, and forgets that one made from a hold took
over the hold's.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import acts
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain, Refusal
from pgagents.sandbox.fault_declaration import Context

CLASS = "AV fleet"
SUBTLE = True
FORM = "formal"
PROMISE = "resources.session.takes + resources.session.undone_by:: ending a session gives its space back"


def wrap(handler: Handler, context: Context) -> Handler:
    def act(inner: Domain, call: AcceptedCall) -> Any:
        found = inner(call)
        if isinstance(found, Refusal):
            return found
        if found["session"]["entry_instructions"]["assigned_space"] is not None:
            context.front.store.run(
                "UPDATE lot SET available = available - 1 WHERE id = ?", found["session"]["lot_id"]
            )
        return found

    acts(context, act, "end_session")
    return handler


def shows(call: Shown) -> Any:
    hold = call.hold()
    session = call.park(hold["lot_id"], "AV-1", key="fleet", hold_id=hold["hold_id"])
    call.end(session, key="fleet")
    return call.available(hold["lot_id"])
