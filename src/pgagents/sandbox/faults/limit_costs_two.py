"""Each call takes two of what a bucket holds, so that half of the published limit can be used."""

from __future__ import annotations

from typing import Any

from pgagents.sandbox.limits import Drawn, Limits
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"rate_headers"})
ALSO: dict[str, str] = {}


class _Twice(Limits):
    """Draws again where there was something left."""

    def draw(self, *given: Any, **rest: Any) -> Drawn | None:
        first = super().draw(*given, **rest)
        return first if first is None or first.wait_s or not first.remaining else super().draw(*given, **rest)


def wrap(handler: Handler, context: Context) -> Handler:
    """Count every call twice."""
    context.front.limits = _Twice(context.model)
    return handler
