"""Retry-After is the time to the next token cut to whole seconds, so a client that keeps to it comes too
early.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.fault_declaration import Context
from pgagents.sandbox.limits import Drawn

CLASS = "limits"
SUBTLE = True
FORM = "words"
PROMISE = (
    "headers.Retry-After.description + limits.headers.retry:: after Retry-After seconds the next call passes"
)


def wrap(handler: Handler, context: Context) -> Handler:
    limits = context.front.limits
    headers = limits.headers

    def cut(drawn: Drawn, now: float) -> list[tuple[str, str]]:
        return [
            (name, str(max(1, int(drawn.wait_s))) if name == "Retry-After" else value)
            for name, value in headers(drawn, now)
        ]

    limits.headers = cut  # type: ignore[method-assign]  # the same with a mistake
    return handler


def shows(call: Shown) -> Any:
    for _ in range(30):
        call("GET", "/api/v1/webhooks", key="test", X_Agent_Surface="mcp")
    call.passed_s += 0.5
    return call("GET", "/api/v1/webhooks", key="test", X_Agent_Surface="mcp").header("retry-after")
