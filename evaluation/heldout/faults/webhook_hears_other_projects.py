"""An event goes to the webhooks of every project."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.fault_declaration import Context

CLASS = "tenancy"
SUBTLE = True
PROMISE = "PG-L10: one project never sees another's sessions"


def wrap(handler: Handler, context: Context) -> Handler:
    outbox = context.courier.outbox
    put = outbox.put

    def everywhere(type: str, data: Any, at: float, *, tenant: str | None, subject: str | None = None) -> str:
        del tenant
        return put(type, data, at, tenant=None, subject=subject)

    outbox.put = everywhere  # type: ignore[method-assign]  # that is the fault
    return handler


def shows(call: Shown) -> Any:
    call.hook("session.created", key="second")
    call.park()
    return len(list(call.events()))
