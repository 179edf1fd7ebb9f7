"""Browsers are told that pages may read and post, and nothing of the other methods."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"answers_browsers"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, _context: Context) -> Handler:
    """Name the same two methods for every path."""

    def edit(_: Request, answer: Response) -> Response:
        if answer.header("access-control-allow-methods") is None:
            return answer
        return answer.with_header("Access-Control-Allow-Methods", "GET, POST")

    return meddle.edits(handler, edit)
