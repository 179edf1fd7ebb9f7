"""Whether a session can be extended is asked of expires_at, not of its status, so one that ended early is
extended and charged nothing for it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from evaluation.heldout.around import acts
from evaluation.heldout.calls import Shown
from evaluation.heldout.third.around import action, own
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain, Refusal
from pgagents.sandbox.fault_declaration import Context

CLASS = "state machine"
SUBTLE = True
FORM = "formal"
PROMISE = "resources.session.moves.extend_session.from:: only an active session can be extended"


def wrap(handler: Handler, context: Context) -> Handler:
    store = context.front.store

    def act(inner: Domain, call: AcceptedCall) -> Any:
        row = own(context, call)
        if row is None or row["status"] != "completed" or call.now >= row["expires_at"]:
            return inner(call)
        store.run("UPDATE session SET status = 'active' WHERE id = ?", row["id"])
        found = inner(call)
        store.run("UPDATE session SET status = 'completed' WHERE id = ?", row["id"])
        if isinstance(found, Refusal):
            return found
        return inner(replace(call, action=action(context, "get_session"), input={"session_id": row["id"]}))

    acts(context, act, "extend_session")
    return handler


def shows(call: Shown) -> Any:
    session = call.park(hours=3)
    call.end(session)
    return call.status(
        "POST",
        "/api/v1/sessions/extend",
        {"session_id": session["id"], "session_code": session["session_code"]},
    )
