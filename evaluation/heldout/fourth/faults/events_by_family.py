"""A webhook is subscribed to the part of an event's name before the dot, so it gets all events of sessions
where one was asked for."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.fault_declaration import Context

CLASS = "webhooks"
SUBTLE = True
FORM = "formal"
PROMISE = (
    "actions.create_webhook.input.events + "
    "schemas.Webhook.properties.events.description:: "
    "a webhook is sent the types of events that it was made for"
)


def wrap(handler: Handler, context: Context) -> Handler:
    outbox = context.courier.outbox
    listening = outbox._listening
    names = list(context.model.webhooks.events) if context.model.webhooks else []

    def family(type: str, tenant: str | None) -> list[str]:
        kin = [name for name in names if name.partition(".")[0] == type.partition(".")[0]]
        return list(dict.fromkeys(id for name in kin for id in listening(name, tenant)))

    outbox._listening = family  # type: ignore[method-assign]  # the same with a mistake
    return handler


def shows(call: Shown) -> Any:
    call.hook("session.created")
    call.end(call.park())
    return [event["type"] for event in call.events()]
