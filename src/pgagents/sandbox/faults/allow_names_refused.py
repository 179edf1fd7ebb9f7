"""405 names the same methods for every path, also the one that it refuses."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"framework"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, _context: Context) -> Handler:
    """Write a constant."""

    def edit(_: Request, answer: Response) -> Response:
        return answer.with_header("Allow", "GET, POST, PUT, PATCH, DELETE") if answer.header("Allow") else answer

    return meddle.edits(handler, edit)
