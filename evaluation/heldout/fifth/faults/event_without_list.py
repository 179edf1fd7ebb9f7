"""A webhook for one type of event may name it without a list, as an older version had it."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from evaluation.heldout.fifth.around import kind, one
from pgagents.base.http import Handler
from pgagents.sandbox.fault_declaration import Context

CLASS = "wrong type"
SUBTLE = True
FORM = "formal"
PROMISE = "actions.create_webhook.input.events.type:: events are a list"


def _list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def wrap(handler: Handler, context: Context) -> Handler:
    kind(context, "create_webhook", one("events", _list))
    return handler


def shows(call: Shown) -> Any:
    return call.told(
        "POST",
        "/api/v1/webhooks",
        {"url": "https://events.pgagents-test.net/hook", "events": "session.ended"},
    )
