"""The limit is told, but never enforced."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pgagents.sandbox.limits import Drawn, Limits
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"rate_enforced"})
ALSO: dict[str, str] = {}
NEEDS = frozenset({"limits"})


class _Told(Limits):
    """Counts and tells as it should."""

    def draw(self, *given: Any, **named: Any) -> Drawn | None:
        """What is left, and never a wait."""
        drawn = super().draw(*given, **named)
        return replace(drawn, wait_s=0.0) if drawn else None


def wrap(handler: Handler, context: Context) -> Handler:
    """Let every call pass."""
    context.front.limits = _Told(context.model)
    return handler
