"""A call over the limit is not told when to come back."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"rate_enforced"})
ALSO: dict[str, str] = {"answer_headers": "Retry-After is a declared header of a 429"}


def wrap(handler: Handler, context: Context) -> Handler:
    """Take Retry-After off."""
    names = context.model.limits.headers

    def edit(_: Request, answer: Response) -> Response:
        return answer.with_header(names.retry, None) if names else answer

    return meddle.edits(handler, edit)
