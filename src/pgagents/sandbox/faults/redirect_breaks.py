"""A POST to a path with a slash is redirected in a way that makes a GET of it."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"redirects_safely"})
ALSO = {"refuses_slash": "such a path is one that is unknown"}


def wrap(handler: Handler, _context: Context) -> Handler:
    """Answer 301."""

    def edit(request: Request, answer: Response) -> Response:
        if request.method != "POST" or answer.status != 404 or not request.path.endswith("/"):
            return answer
        return Response(301, (*answer.headers, ("Location", request.path.rstrip("/"))))

    return meddle.edits(handler, edit)
