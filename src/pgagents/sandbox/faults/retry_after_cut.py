"""The wait that a limited call is told is cut to whole seconds, so who waits so long comes too early."""

from __future__ import annotations

from pgagents.sandbox.limits import Drawn, Limits
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"rate_enforced"})
ALSO: dict[str, str] = {}
NEEDS = frozenset({"limits"})


class _Cut(Limits):
    """Counts as it should, and tells the wait without its fraction."""

    def headers(self, drawn: Drawn, now: float) -> list[tuple[str, str]]:
        """The ordinary ones, but for the wait."""
        names = self._model.limits.headers
        retry = names.retry if names else None
        return [(name, str(max(1, int(drawn.wait_s))) if name == retry else value) for name, value in super().headers(drawn, now)]


def wrap(handler: Handler, context: Context) -> Handler:
    """Tell less than the wait."""
    context.front.limits = _Cut(context.model)
    return handler
