"""Retry-After is the wait cut to whole seconds, so whoever waits exactly so long is refused again by slow
buckets.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from evaluation.heldout.second.calls import moved
from pgagents.base.http import Handler
from pgagents.sandbox.fault_declaration import Context
from pgagents.sandbox.limits import Drawn

CLASS = "limits"
SUBTLE = True
FORM = "formal"
PROMISE = (
    "limits.headers.retry.Retry-After + headers.Retry-After.description:: seconds to wait before the "
    "next call"
)


def wrap(handler: Handler, context: Context) -> Handler:
    limits = context.front.limits
    inner = limits.headers

    def headers(drawn: Drawn, now: float) -> list[tuple[str, str]]:
        return [
            (k, str(max(1, int(drawn.wait_s))) if k == "Retry-After" else v) for k, v in inner(drawn, now)
        ]

    limits.headers = headers  # type: ignore[method-assign]  # a fault
    return handler


def shows(call: Shown) -> Any:
    for _ in range(30):
        call("GET", "/api/v1/sessions", key="test", X_Agent_Surface="mcp")
    moved(call, 0.5)
    return call("GET", "/api/v1/sessions", key="test", X_Agent_Surface="mcp").header("Retry-After")
