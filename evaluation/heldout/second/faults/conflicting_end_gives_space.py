"""The space is given back before the session's state is looked at, so ending it a second time, refused
with 409, frees another space.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import acts
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain, Refusal
from pgagents.sandbox.fault_declaration import Context
from pgagents.sandbox.park_graph.lots import give_space

CLASS = "state machine"
SUBTLE = True
FORM = "formal"
PROMISE = "resources.session.takes:: a session takes one space of its lot, and its end gives that one back"


def wrap(handler: Handler, context: Context) -> Handler:
    def act(inner: Domain, call: AcceptedCall) -> Any:
        found = inner(call)
        if isinstance(found, Refusal) and found.code == "CONFLICT":
            row = context.front.store.row("SELECT lot_id FROM session WHERE id = ?", call.input["session_id"])
            assert row is not None
            give_space(context.courier.outbox, row["lot_id"], call.now)
        return found

    acts(context, act, "end_session")
    return handler


def shows(call: Shown) -> Any:
    session = call.park()
    call.end(session)
    call.end(session, status=409)
    return call.available("lot_lionshead")
