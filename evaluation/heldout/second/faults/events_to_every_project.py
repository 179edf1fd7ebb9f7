"""The event of an ended session is put without its project, so every project's webhooks hear of it."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.fault_declaration import Context

CLASS = "tenancy"
SUBTLE = True
FORM = "formal"
PROMISE = (
    "resources.webhook.tenant + resources.session.tenant:: one project sees nothing of another's sessions"
)


def wrap(handler: Handler, context: Context) -> Handler:
    outbox = context.courier.outbox
    inner = outbox._listening
    outbox._listening = lambda event, tenant: inner(event, None if event == "session.ended" else tenant)  # type: ignore[method-assign]  # a fault
    return handler


def shows(call: Shown) -> Any:
    call.hook("session.ended", key="second")
    call.end(call.park())
    return [event["type"] for event in call.events()]
