"""A limited call is told to come back before there is anything for it."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"rate_enforced"})
ALSO: dict[str, str] = {}
NEEDS = frozenset({"limits"})


def wrap(handler: Handler, context: Context) -> Handler:
    """Tell one second, whatever it takes."""
    names = context.model.limits.headers

    def edit(_: Request, answer: Response) -> Response:
        return answer.with_header(names.retry, "1") if names and answer.header(names.retry) else answer

    return meddle.edits(handler, edit)
