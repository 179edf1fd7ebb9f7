"""Which bucket a call draws from goes by whether it has a body, so deletes draw from the reads'."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.fault_declaration import Context
from pgagents.sandbox.limits import Drawn

CLASS = "limits"
SUBTLE = True
FORM = "formal"
PROMISE = (
    "actions.delete_webhook.bucket.create + actions.release_hold.bucket.create + "
    "limits.buckets.create.requests:: "
    "60 a minute for all writes of a key"
)


def wrap(handler: Handler, context: Context) -> Handler:
    limits = context.front.limits
    inner = limits.draw

    def draw(
        action: Any, key: Any, *, agent: bool, end_user: str | None, peer: str, now: float
    ) -> Drawn | None:
        if action is not None and action.method == "DELETE" and action.bucket == "create":
            action = replace(action, bucket="read")
        return inner(action, key, agent=agent, end_user=end_user, peer=peer, now=now)

    limits.draw = draw  # type: ignore[method-assign]  # a fault
    return handler


def shows(call: Shown) -> Any:
    return call("DELETE", "/api/v1/webhooks/wh_nowhere", key="test").header("X-RateLimit-Limit")
