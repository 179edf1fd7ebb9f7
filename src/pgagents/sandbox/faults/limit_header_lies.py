"""The limit's header tells a tenth of the limit."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"rate_headers"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Tell 6 for 60, and no more left than that."""
    names = context.model.limits.headers

    def edit(_: Request, answer: Response) -> Response:
        limit = answer.header(names.limit) if names else None
        if not names or not limit:
            return answer
        least = min(b.requests for b in context.model.buckets.values()) // 10 or 1
        remaining = min(int(answer.header(names.remaining) or 0), least - 1)
        return answer.with_header(names.limit, str(least)).with_header(names.remaining, str(remaining))

    return meddle.edits(handler, edit)
