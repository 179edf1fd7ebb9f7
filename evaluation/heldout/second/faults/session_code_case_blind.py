"""The database compares texts without case, so a session ends and extends with its code in another case."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import acts, given
from evaluation.heldout.calls import Shown
from evaluation.heldout.second.around import tenant
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain
from pgagents.sandbox.fault_declaration import Context

CLASS = "state machine"
SUBTLE = True
FORM = "formal"
PROMISE = (
    "actions.end_session.laws.same-session + workflows.wrong-code.title:: response.session.session_code == "
    "input.session_code; a session ends only with its own code"
)


def wrap(handler: Handler, context: Context) -> Handler:
    def act(inner: Domain, call: AcceptedCall) -> Any:
        sql = "SELECT code FROM session WHERE id = ? AND tenant = ? AND code = ? COLLATE NOCASE"
        row = context.front.store.row(
            sql, call.input["session_id"], tenant(call.key), call.input["session_code"]
        )
        return inner(call if row is None else given(call, session_code=row["code"]))

    acts(context, act, "end_session", "extend_session")
    return handler


def shows(call: Shown) -> Any:
    session = call.park()
    body = {"session_id": session["id"], "session_code": session["session_code"].upper()}
    return call.status("POST", "/api/v1/sessions/end", body)
