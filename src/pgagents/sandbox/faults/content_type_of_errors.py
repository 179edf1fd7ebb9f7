"""Errors are served as text/plain."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"content_type"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, _context: Context) -> Handler:
    """Change the type of every error."""

    def edit(_: Request, answer: Response) -> Response:
        return answer.with_header("Content-Type", "text/plain") if answer.status >= 400 else answer

    return meddle.edits(handler, edit)
