"""A session remembers how many spaces were free before it and writes that number back at its end: what
others took meanwhile is lost.
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
PROMISE = "resources.session.takes:: each session takes one space and gives that one back"


def wrap(handler: Handler, context: Context) -> Handler:
    before: dict[str, int] = {}

    def act(inner: Domain, call: AcceptedCall) -> Any:
        store = context.front.store
        row = store.row("SELECT available FROM lot WHERE id = ?", call.input.get("lot_id"))
        found = inner(call)
        if isinstance(found, Refusal):
            return found
        session = found["session"]
        if row is not None and not call.input.get("hold_id"):
            before[session["id"]] = row["available"]
        elif session["id"] in before and call.action.name == "end_session":
            store.run(
                "UPDATE lot SET available = ? WHERE id = ?", before.pop(session["id"]), session["lot_id"]
            )
        return found

    acts(context, act, "create_session", "end_session")
    return handler


def shows(call: Shown) -> Any:
    first = call.park()
    call.park()
    call.end(first)
    return call.available("lot_lionshead")
