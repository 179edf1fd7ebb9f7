"""The headers that a page may send are given as a star, which does not cover Authorization."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"answers_browsers"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, _context: Context) -> Handler:
    """A star for the list (Fetch standard, 3.2.5)."""

    def edit(_: Request, answer: Response) -> Response:
        there = answer.header("access-control-allow-headers") is not None
        return answer.with_header("Access-Control-Allow-Headers", "*") if there else answer

    return meddle.edits(handler, edit)
