"""The header that tells when the limit is full again counts seconds from now instead of telling the time, or the reverse."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"rate_headers"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Tell the other unit."""
    limits, clock = context.model.limits, context.front.clock

    def edit(_: Request, answer: Response) -> Response:
        told = answer.header(limits.headers.reset) if limits.headers else None
        if not told:
            return answer
        now = int(clock.now())
        other = max(0, int(told) - now) if limits.reset_unit == "epoch_seconds" else int(told) + now
        return answer.with_header(limits.headers.reset, str(other))

    return meddle.edits(handler, edit)
