"""A hold is released by its id alone, whoever asks."""

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
PROMISE = "resources.hold.tenant + behaviour.foreign_id:: another project's hold is NOT_FOUND"


def wrap(handler: Handler, context: Context) -> Handler:
    def act(inner: Domain, call: AcceptedCall) -> Any:
        row = context.front.store.row("SELECT tenant FROM hold WHERE id = ?", call.input["hold_id"])
        return inner(call if row is None else as_tenant(call, row["tenant"]))

    acts(context, act, "release_hold")
    return handler


def shows(call: Shown) -> Any:
    return call.status("DELETE", f"/api/v1/av-fleet/holds/{call.hold()['hold_id']}", key="second")
