"""Extending looks the session up by id and code alone, so another project that has both can extend it."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import acts, as_tenant
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain
from pgagents.sandbox.fault_declaration import Context
from sandboxes import named

CLASS = "tenancy"
SUBTLE = True
FORM = "formal"
PROMISE = "resources.session.tenant + behaviour.foreign_id:: another project's session is not found"


def wrap(handler: Handler, context: Context) -> Handler:
    def act(inner: Domain, call: AcceptedCall) -> Any:
        row = context.front.store.row("SELECT tenant FROM session WHERE id = ?", call.input["session_id"])
        return inner(call if row is None else as_tenant(call, row["tenant"]))

    acts(context, act, "extend_session")
    return handler


def shows(call: Shown) -> Any:
    session = call.park()
    return call.status("POST", "/api/v1/sessions/extend", named(session), key="second")
