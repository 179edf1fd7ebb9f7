"""The headers tell the published limit of the plan, also to a key whose limits were lifted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.fault_declaration import Context
from pgagents.sandbox.limits import Drawn

CLASS = "limits"
SUBTLE = False
FORM = "words"
PROMISE = "limits.unlimited:: an unlimited key's headers tell its own limit"


def wrap(handler: Handler, context: Context) -> Handler:
    limits = context.front.limits
    inner = limits.draw

    def draw(
        action: Any, key: Any, *, agent: bool, end_user: str | None, peer: str, now: float
    ) -> Drawn | None:
        found = inner(action, key, agent=agent, end_user=end_user, peer=peer, now=now)
        if found is None or key is None or not key.unlimited:
            return found
        published = min(
            bucket.requests for bucket, _, _ in limits._buckets(action, key, agent, end_user, peer)
        )
        return replace(found, limit=published, remaining=min(found.remaining, published - 1))

    limits.draw = draw  # type: ignore[method-assign]  # a fault
    return handler


def shows(call: Shown) -> Any:
    return call("GET", "/api/v1/sessions").header("X-RateLimit-Limit")
