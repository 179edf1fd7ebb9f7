"""The event of an extension was added later and is sent without its project, so every project's webhooks
get it.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.fault_declaration import Context

CLASS = "tenancy"
SUBTLE = True
FORM = "formal"
PROMISE = (
    "resources.session.tenant + webhooks.events.session.extended.about:: what happens to a project's "
    "session is told to that project"
)


def wrap(handler: Handler, context: Context) -> Handler:
    outbox = context.courier.outbox
    put = outbox.put

    def wide(type: str, data: Any, at: float, *, tenant: str | None, subject: str | None = None) -> str:
        return put(type, data, at, tenant=None if type == "session.extended" else tenant, subject=subject)

    outbox.put = wide  # type: ignore[method-assign]  # the same with a mistake
    return handler


def shows(call: Shown) -> Any:
    call.hook("session.extended", key="second")
    call.extend(call.park(), 1)
    return [event["type"] for event in call.events()]
