"""Ending another project's session is FORBIDDEN, which tells that the session exists; looking it up is 404
as it should be.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import acts
from evaluation.heldout.calls import Shown
from evaluation.heldout.second.around import tenant
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain, Refusal
from pgagents.sandbox.fault_declaration import Context

CLASS = "tenancy"
SUBTLE = True
FORM = "formal"
PROMISE = "behaviour.foreign_id:: not_found"


def wrap(handler: Handler, context: Context) -> Handler:
    def act(inner: Domain, call: AcceptedCall) -> Any:
        found = inner(call)
        sql = "SELECT 1 FROM session WHERE id = ? AND tenant <> ?"
        if isinstance(found, Refusal) and context.front.store.row(
            sql, call.input["session_id"], tenant(call.key)
        ):
            return Refusal("FORBIDDEN", "The session belongs to another project")
        return found

    acts(context, act, "end_session")
    return handler


def shows(call: Shown) -> Any:
    session = call.park()
    return call.status(
        "POST",
        "/api/v1/sessions/end",
        {"session_id": session["id"], "session_code": session["session_code"]},
        key="second",
    )
