"""The writes of webhooks were registered with the reads' limiter, so they have 240 a minute instead of 60."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from evaluation.heldout.third.around import action
from pgagents.base.http import Handler
from pgagents.catalogue.model.action import Action
from pgagents.sandbox.fault_declaration import Context
from pgagents.sandbox.keys import Key

CLASS = "limits and headers"
SUBTLE = True
FORM = "formal"
PROMISE = "actions.create_webhook.bucket:: creating a webhook draws from the budget of writes"


class _Mixed:
    def __init__(self, inner: Any, context: Context) -> None:
        self._inner, self._context = inner, context

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def draw(self, act: Action | None, key: Key | None, **more: Any) -> Any:
        if act is not None and act.name in ("create_webhook", "delete_webhook"):
            act = action(self._context, "list_webhooks")
        return self._inner.draw(act, key, **more)


def wrap(handler: Handler, context: Context) -> Handler:
    context.front.limits = _Mixed(context.front.limits, context)  # type: ignore[assignment]
    return handler


def shows(call: Shown) -> Any:
    body = {"url": "https://hooks.example.com/x", "events": ["session.created"]}
    return call("POST", "/api/v1/webhooks", body, key="test").header("x-ratelimit-limit")
