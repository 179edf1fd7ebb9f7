"""A session whose time is over is extended from now instead of from its end."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import acts
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain
from pgagents.sandbox.fault_declaration import Context

CLASS = "time"
SUBTLE = True
PROMISE = "PG-L0: extend adds extend_hours to expires_at"


def wrap(handler: Handler, context: Context) -> Handler:
    def act(inner: Domain, call: AcceptedCall) -> Any:
        store, id = context.front.store, call.input["session_id"]
        store.run(
            "UPDATE session SET expires_at = ? WHERE id = ? AND status = 'active' AND expires_at < ?",
            int(call.now),
            id,
            call.now,
        )
        return inner(call)

    acts(context, act, "extend_session")
    return handler


def shows(call: Shown) -> Any:
    session = call.park(hours=1)
    call.wait(7200)
    return call.extend(session, 1)["session"]["expires_at"]
