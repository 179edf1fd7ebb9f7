"""What is left of the limit is told with a tenth held back for other clients."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

POINT = None


def wrap(handler: Handler, context: Context) -> Handler:
    """Tell less than there is."""
    names = context.model.limits.headers

    def edit(_: Request, answer: Response) -> Response:
        told = answer.header(names.remaining) if names else None
        limit = answer.header(names.limit) if names else None
        if not names or not told or not limit:
            return answer
        return answer.with_header(names.remaining, str(max(0, int(told) - int(limit) // 10)))

    return meddle.edits(handler, edit)
