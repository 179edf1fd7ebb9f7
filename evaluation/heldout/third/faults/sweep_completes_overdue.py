"""A job closes sessions two hours after their time is over, so a driver who is still parked has none, and
cannot end it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from evaluation.heldout.around import acts, as_tenant
from evaluation.heldout.calls import Shown
from evaluation.heldout.third.around import action
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain
from pgagents.sandbox.fault_declaration import Context

CLASS = "state machine"
SUBTLE = True
FORM = "words"
PROMISE = (
    "schemas.Session.properties.expires_at.description:: the session stays active when the time asked "
    "for is over"
)


def wrap(handler: Handler, context: Context) -> Handler:
    def act(inner: Domain, call: AcceptedCall) -> Any:
        if call.key is not None:
            overdue = context.front.store.rows(
                "SELECT * FROM session WHERE status = 'active' AND expires_at <= ?", call.now - 7200
            )
            for row in overdue:
                named = {"session_id": row["id"], "session_code": row["code"]}
                inner(
                    as_tenant(
                        replace(call, action=action(context, "end_session"), input=named, surface="rest"),
                        row["tenant"],
                    )
                )
        return inner(call)

    acts(context, act)
    return handler


def shows(call: Shown) -> Any:
    session = call.park(hours=1)
    call.wait(4 * 3600)
    return call.session(session["id"])["status"]
