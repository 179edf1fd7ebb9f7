"""A session whose time is over is extended from now on, not from expires_at, so the hours between are
given away.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import acts
from evaluation.heldout.calls import Shown
from evaluation.heldout.third.around import own
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain
from pgagents.sandbox.fault_declaration import Context

CLASS = "state machine"
SUBTLE = True
FORM = "formal"
PROMISE = "actions.extend_session.laws.adds-hours:: extending adds the hours to expires_at"


def wrap(handler: Handler, context: Context) -> Handler:
    def act(inner: Domain, call: AcceptedCall) -> Any:
        row = own(context, call)
        if row is not None and row["status"] == "active" and row["expires_at"] < call.now:
            context.front.store.run(
                "UPDATE session SET expires_at = ? WHERE id = ?", int(call.now), row["id"]
            )
        return inner(call)

    acts(context, act, "extend_session")
    return handler


def shows(call: Shown) -> Any:
    session = call.park(hours=1)
    call.wait(2 * 3600)
    return call.extend(session, 1)["session"]["expires_at"]
