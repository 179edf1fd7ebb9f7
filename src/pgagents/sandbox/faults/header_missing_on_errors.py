"""Errors lack the headers that every answer has."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"answer_headers"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Take off what is declared for all answers."""
    names = [h.name for h in context.model.headers if "all" in h.on]

    def edit(_: Request, answer: Response) -> Response:
        for name in names if answer.status >= 400 else ():
            answer = answer.with_header(name, None)
        return answer

    return meddle.edits(handler, edit)
