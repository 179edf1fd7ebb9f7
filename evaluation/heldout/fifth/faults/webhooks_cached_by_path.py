"""A cache in front of the list of webhooks goes by the path alone; making or deleting one empties it."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from evaluation.heldout.fifth.around import cached
from pgagents.base.http import Handler
from pgagents.sandbox.fault_declaration import Context

CLASS = "caching"
SUBTLE = True
FORM = "formal"
PROMISE = "actions.list_webhooks:: a project's webhooks are its own"


def wrap(handler: Handler, context: Context) -> Handler:
    cached(context, "list_webhooks", frozenset({"create_webhook", "delete_webhook"}), 60.0)
    return handler


def shows(call: Shown) -> Any:
    call.data("GET", "/api/v1/webhooks")
    return len(call.data("GET", "/api/v1/webhooks", key="second")["webhooks"])
