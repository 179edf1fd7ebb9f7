"""So that drivers can read it out, the short code is taken for the session code, too, when a session is
ended.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import acts, given
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain
from pgagents.sandbox.fault_declaration import Context
from pgagents.sandbox.park_graph.sessions import short_code

CLASS = "state machine"
SUBTLE = True
FORM = "formal"
PROMISE = (
    "actions.end_session.laws.same-session:: a session ends with its own session_code, which the answer "
    "repeats"
)


def wrap(handler: Handler, context: Context) -> Handler:
    def act(inner: Domain, call: AcceptedCall) -> Any:
        row = context.front.store.row("SELECT code FROM session WHERE id = ?", call.input["session_id"])
        if row is not None and call.input["session_code"].upper() == short_code(row["code"]):
            call = given(call, session_code=row["code"])
        return inner(call)

    acts(context, act, "end_session")
    return handler


def shows(call: Shown) -> Any:
    session = call.park()
    return call.status(
        "POST", "/api/v1/sessions/end", {"session_id": session["id"], "session_code": session["short_code"]}
    )
