"""X-RateLimit-Remaining is read before the call's own token is taken, so it is one too many."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.fault_declaration import Context
from pgagents.sandbox.limits import Drawn

CLASS = "limits"
SUBTLE = False
FORM = "formal"
PROMISE = (
    "limits.headers.remaining.X-RateLimit-Remaining + headers.X-RateLimit-Remaining.description:: whole "
    "requests left after this one"
)


def wrap(handler: Handler, context: Context) -> Handler:
    limits = context.front.limits
    inner = limits.headers

    def headers(drawn: Drawn, now: float) -> list[tuple[str, str]]:
        return inner(
            drawn if drawn.wait_s else replace(drawn, remaining=min(drawn.limit, drawn.remaining + 1)), now
        )

    limits.headers = headers  # type: ignore[method-assign]  # a fault
    return handler


def shows(call: Shown) -> Any:
    return call("GET", "/api/v1/sessions", key="test").header("X-RateLimit-Remaining")
