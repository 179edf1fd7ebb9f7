"""Expired holds give their spaces back only when somebody dispatches again."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import acts
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain
from pgagents.sandbox.fault_declaration import Context

CLASS = "holds"
SUBTLE = True
PROMISE = "PG-L11: each hold gives its space back at expires_at"


def wrap(handler: Handler, context: Context) -> Handler:
    store = context.front.store

    def act(inner: Domain, call: AcceptedCall) -> Any:
        if call.action.name == "dispatch_av_fleet":
            return inner(call)
        late = store.rows(
            "SELECT id, expires_at FROM hold WHERE status = 'active' AND expires_at <= ?", call.now
        )
        for row in late:
            store.run("UPDATE hold SET expires_at = ? WHERE id = ?", call.now + 1e9, row["id"])
        found = inner(call)
        for row in late:
            store.run("UPDATE hold SET expires_at = ? WHERE id = ?", row["expires_at"], row["id"])
        return found

    acts(context, act)
    return handler


def shows(call: Shown) -> Any:
    held = call.hold(ttl_seconds=30)
    call.wait(60)
    return call.available(held["lot_id"])
