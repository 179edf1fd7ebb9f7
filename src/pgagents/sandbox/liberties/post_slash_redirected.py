"""A POST to a path with a slash is redirected to the one without, so that method, body and key are kept."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

POINT = "redirects"


def wrap(handler: Handler, _context: Context) -> Handler:
    """Answer 308."""

    def edit(request: Request, answer: Response) -> Response:
        if request.method != "POST" or answer.status != 404 or not request.path.endswith("/"):
            return answer
        return Response(308, (*answer.headers, ("Location", request.path.rstrip("/"))))

    return meddle.edits(handler, edit)
