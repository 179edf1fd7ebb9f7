"""Calls are limited once half of what the headers tell is used up."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pgagents.sandbox.limits import Drawn, Limits
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"rate_enforced"})
ALSO = {"runs_workflows": "a call that was to fail is limited, so that the next one fails"}
NEEDS = frozenset({"limits"})


class _Early(Limits):
    """Refuses while half is left."""

    def draw(self, *given: Any, **rest: Any) -> Drawn | None:
        drawn = super().draw(*given, **rest)
        if drawn is None or drawn.wait_s or drawn.remaining >= drawn.limit // 2:
            return drawn
        return replace(drawn, wait_s=1.0)


def wrap(handler: Handler, context: Context) -> Handler:
    """Limit early."""
    context.front.limits = _Early(context.model)
    return handler
