"""Extending a session after its time does not raise its estimate."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import acts
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain, Refusal
from pgagents.sandbox.fault_declaration import Context

CLASS = "money"
SUBTLE = True
PROMISE = "PG-L4: extend adds to estimated_amount"


def wrap(handler: Handler, context: Context) -> Handler:
    def act(inner: Domain, call: AcceptedCall) -> Any:
        store = context.front.store
        before = store.row("SELECT * FROM session WHERE id = ?", call.input["session_id"])
        found = inner(call)
        if not isinstance(found, Refusal) and before["expires_at"] < call.now:
            store.run(
                "UPDATE session SET estimated_cents = ? WHERE id = ?", before["estimated_cents"], before["id"]
            )
            found["session"]["estimated_amount"] = before["estimated_cents"] / 100
        return found

    acts(context, act, "extend_session")
    return handler


def shows(call: Shown) -> Any:
    session = call.park(hours=1)
    call.wait(7200)
    return call.extend(session, 1)["session"]["estimated_amount"]
