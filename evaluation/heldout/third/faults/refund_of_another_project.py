"""A refund looks its session up by the id alone, so a key refunds the sessions of other projects."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import acts, as_tenant
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain
from pgagents.sandbox.fault_declaration import Context

CLASS = "tenancy"
SUBTLE = True
FORM = "formal"
PROMISE = "resources.paid_session.tenant:: another project's sessions do not exist for a key"


def wrap(handler: Handler, context: Context) -> Handler:
    def act(inner: Domain, call: AcceptedCall) -> Any:
        row = context.front.store.row("SELECT tenant FROM session WHERE id = ?", call.input["session_id"])
        return inner(as_tenant(call, row["tenant"])) if row is not None else inner(call)

    acts(context, act, "refund_session")
    return handler


def shows(call: Shown) -> Any:
    return call.status(
        "POST", "/api/v1/refunds", {"session_id": "sess_01JS1E6R3A", "reason": "x"}, key="second"
    )
