"""What turns limited calls away tells the reset in seconds from now, while other answers tell the moment."""

from __future__ import annotations

from pgagents.sandbox.limits import Drawn, Limits
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"rate_headers"})
ALSO: dict[str, str] = {}
NEEDS = frozenset({"limits"})


class _Delay(Limits):
    """Counts as it should."""

    def headers(self, drawn: Drawn, now: float) -> list[tuple[str, str]]:
        """As if now were the beginning of time, where a call is limited."""
        return super().headers(drawn, 0.0 if drawn.wait_s else now)


def wrap(handler: Handler, context: Context) -> Handler:
    """Tell a delay."""
    context.front.limits = _Delay(context.model)
    return handler
