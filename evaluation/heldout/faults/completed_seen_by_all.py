"""Completed sessions are read from an archive that does not ask whose they are."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import acts, as_tenant
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain
from pgagents.sandbox.fault_declaration import Context

CLASS = "tenancy"
SUBTLE = True
PROMISE = "PG-L10: one project never sees another's sessions"


def wrap(handler: Handler, context: Context) -> Handler:
    def act(inner: Domain, call: AcceptedCall) -> Any:
        row = context.front.store.row(
            "SELECT tenant FROM session WHERE id = ? AND status = 'completed'", call.input["session_id"]
        )
        return inner(as_tenant(call, row["tenant"]) if row else call)

    acts(context, act, "get_session")
    return handler


def shows(call: Shown) -> Any:
    session = call.park()
    call.end(session)
    return call.status("GET", f"/api/v1/sessions/{session['id']}", key="second")
