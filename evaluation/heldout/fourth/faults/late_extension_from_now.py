"""A session whose time is over is extended from now on instead of from where its time ended."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import acts
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain, Refusal
from pgagents.sandbox.fault_declaration import Context

CLASS = "state machine"
SUBTLE = True
FORM = "formal"
PROMISE = "actions.extend_session.laws.adds-hours:: extending adds the hours to expires_at"


def wrap(handler: Handler, context: Context) -> Handler:
    def act(inner: Domain, call: AcceptedCall) -> Any:
        store, now = context.front.store, int(call.now)
        late = store.row(
            (
                "SELECT expires_at FROM session WHERE id = ? AND code = ? AND status = 'active' AND "
                "expires_at < ?"
            ),
            call.input["session_id"],
            call.input["session_code"],
            now,
        )
        if late is None:
            return inner(call)
        store.run("UPDATE session SET expires_at = ? WHERE id = ?", now, call.input["session_id"])
        found = inner(call)
        if isinstance(found, Refusal):
            store.run(
                "UPDATE session SET expires_at = ? WHERE id = ?", late["expires_at"], call.input["session_id"]
            )
        return found

    acts(context, act, "extend_session")
    return handler


def shows(call: Shown) -> Any:
    session = call.park(hours=0.5)
    call.wait(7200)
    return call.extend(session, 1)["session"]["expires_at"]
