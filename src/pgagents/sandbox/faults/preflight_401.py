"""A browser that asks whether a page may call is told to send a key, which it never does."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"answers_browsers"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, _context: Context) -> Handler:
    """Refuse every question without a key."""

    def edit(request: Request, answer: Response) -> Response:
        asks = request.method == "OPTIONS" and request.header("access-control-request-method")
        return Response(401, answer.headers) if asks and not request.header("authorization") else answer

    return meddle.edits(handler, edit)
