"""The 429 comes from a middleware that tells X-RateLimit-Reset in seconds from now, while other answers
tell the moment.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.fault_declaration import Context

CLASS = "limits"
SUBTLE = True
FORM = "formal"
PROMISE = (
    "limits.reset_unit + headers.X-RateLimit-Reset.on:: X-RateLimit-Reset is in epoch seconds on every answer"
)


def wrap(handler: Handler, context: Context) -> Handler:
    limits = context.front.limits
    headers = limits.headers
    limits.headers = lambda drawn, now: headers(drawn, 0.0 if drawn.wait_s else now)  # type: ignore[method-assign]  # as above
    return handler


def shows(call: Shown) -> Any:
    for _ in range(30):
        call("GET", "/api/v1/webhooks", key="test", X_Agent_Surface="mcp")
    return call("GET", "/api/v1/webhooks", key="test", X_Agent_Surface="mcp").header("x-ratelimit-reset")
