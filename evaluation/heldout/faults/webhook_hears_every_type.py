"""A webhook is sent every type of event, whatever it asked for."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.fault_declaration import Context

CLASS = "webhooks"
SUBTLE = True
PROMISE = "create_webhook.events: types of the events to send"


def wrap(handler: Handler, context: Context) -> Handler:
    outbox = context.courier.outbox
    listening = outbox._listening
    types = list(context.model.webhooks.events)
    outbox._listening = lambda _type, tenant: list(
        dict.fromkeys(id for type in types for id in listening(type, tenant))
    )  # type: ignore[method-assign]  # that is the fault
    return handler


def shows(call: Shown) -> Any:
    call.hook("session.ended")
    call.park()
    return [event["type"] for event in call.events()]
