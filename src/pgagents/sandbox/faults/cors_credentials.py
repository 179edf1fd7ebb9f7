"""Any page may call with the cookies of whoever is signed in."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"answers_browsers"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, _context: Context) -> Handler:
    """Echo every origin, and allow credentials."""

    def edit(request: Request, answer: Response) -> Response:
        origin = request.header("origin")
        if not origin or answer.header("access-control-allow-origin") is None:
            return answer
        return answer.with_header("Access-Control-Allow-Origin", origin).with_header("Access-Control-Allow-Credentials", "true")

    return meddle.edits(handler, edit)
