"""Answers over TLS do not tell browsers to stay with TLS."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"answer_headers"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, _context: Context) -> Handler:
    """Take the header out."""

    def edit(_: Request, answer: Response) -> Response:
        return answer.with_header("Strict-Transport-Security", None)

    return meddle.edits(handler, edit)
