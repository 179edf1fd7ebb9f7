"""A web page is told its own origin instead of a star, and caches are told that answers differ by it."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

POINT = None


def wrap(handler: Handler, _context: Context) -> Handler:
    """Echo every origin, without credentials; one more method, and headers in another spelling."""

    def edit(request: Request, answer: Response) -> Response:
        origin, methods = request.header("origin"), answer.header("access-control-allow-methods")
        if not origin or answer.header("access-control-allow-origin") is None:
            return answer
        answer = answer.with_header("Access-Control-Allow-Origin", origin).with_header("Vary", "Origin")
        if methods is not None:
            headers = answer.header("access-control-allow-headers") or ""
            answer = answer.with_header("Access-Control-Allow-Methods", f"{methods}, HEAD")
            answer = answer.with_header("Access-Control-Allow-Headers", headers.lower())
        return answer

    return meddle.edits(handler, edit)
