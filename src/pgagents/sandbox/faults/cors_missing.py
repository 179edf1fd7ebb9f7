"""A web page may ask, but not read the answers."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"answers_browsers"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, _context: Context) -> Handler:
    """No permission on anything but a preflight."""

    def edit(request: Request, answer: Response) -> Response:
        return answer if request.method == "OPTIONS" else answer.with_header("Access-Control-Allow-Origin", None)

    return meddle.edits(handler, edit)
