"""A limited call is told to wait half a minute longer than it must."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"rate_enforced"})
ALSO: dict[str, str] = {}
NEEDS = frozenset({"limits"})
LONGER_S = 30


def wrap(handler: Handler, context: Context) -> Handler:
    """Tell a longer wait."""
    names = context.model.limits.headers

    def edit(_: Request, answer: Response) -> Response:
        told = answer.header(names.retry) if names else None
        return answer.with_header(names.retry, str(int(told) + LONGER_S)) if names and told else answer

    return meddle.edits(handler, edit)
