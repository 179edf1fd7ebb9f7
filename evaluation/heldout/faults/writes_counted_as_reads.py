"""Refunds are drawn from the budget of reads."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.fault_declaration import Context

CLASS = "limits"
SUBTLE = True
PROMISE = "section 5: create, end, extend, refund, dispatch, release and webhook writes share the 60"


def wrap(handler: Handler, context: Context) -> Handler:
    limits, reader = context.front.limits, context.model.actions[0]
    draw = limits.draw

    def other(action: Any, *args: Any, **more: Any) -> Any:
        return draw(
            reader if action is not None and action.name == "refund_session" else action, *args, **more
        )

    limits.draw = other  # type: ignore[method-assign]  # that is the fault
    return handler


def shows(call: Shown) -> Any:
    body = {"session_id": "sess_01JS1E6R3A", "reason": "late", "amount": 1}
    return call("POST", "/api/v1/refunds", body, key="test").header("X-RateLimit-Limit")
