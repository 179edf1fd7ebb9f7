"""The limit's reset tells when the next call may come, not when the bucket is full again."""

from __future__ import annotations

from dataclasses import replace

from pgagents.sandbox.limits import Drawn, Limits
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"rate_headers"})
ALSO: dict[str, str] = {}
NEEDS = frozenset({"limits"})


class _Next(Limits):
    def headers(self, drawn: Drawn, now: float) -> list[tuple[str, str]]:
        return super().headers(replace(drawn, full_in_s=min(drawn.full_in_s, 60 / drawn.limit)), now)


def wrap(handler: Handler, context: Context) -> Handler:
    """Tell of one token instead of all."""
    context.front.limits = _Next(context.model)
    return handler
