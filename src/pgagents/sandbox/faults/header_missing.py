"""Successful answers lack the headers that tell the limit."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"answer_headers"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Take the limit's headers off."""
    names = context.model.limits.headers

    def edit(_: Request, answer: Response) -> Response:
        for name in (names.limit, names.remaining, names.reset) if names and meddle.successful(answer) else ():
            answer = answer.with_header(name, None)
        return answer

    return meddle.edits(handler, edit)
