"""The header that tells what is left of the limit never falls."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"rate_headers"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Tell one less than the limit, always."""
    names = context.model.limits.headers

    def edit(_: Request, answer: Response) -> Response:
        limit = answer.header(names.limit) if names else None
        return answer.with_header(names.remaining, str(int(limit) - 1)) if names and limit else answer

    return meddle.edits(handler, edit)
