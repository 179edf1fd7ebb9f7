"""Limits begin anew at each full minute instead of refilling."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.fault_declaration import Context

CLASS = "limits"
SUBTLE = True
PROMISE = "section 5: rolling token bucket, refilled continuously"


def wrap(handler: Handler, context: Context) -> Handler:
    draw = context.front.limits.draw
    context.front.limits.draw = lambda *args, now, **more: draw(*args, now=now // 60 * 60, **more)  # type: ignore[method-assign]  # that is the fault
    return handler


def shows(call: Shown) -> Any:
    path = "/api/v1/lots/lot_lionshead/rates"
    for _ in range(100):
        call("GET", path, key="test")
    call.passed_s += 10
    return call("GET", path, key="test").header("X-RateLimit-Remaining")
