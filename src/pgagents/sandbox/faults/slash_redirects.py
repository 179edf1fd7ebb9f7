"""A path with a slash at its end is redirected to the one without."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"framework"})
ALSO = {
    "redirects_safely": "a call is redirected, and a POST would become a GET",
    "refuses_slash": "calls that write are redirected, too",
}


def wrap(handler: Handler, _context: Context) -> Handler:
    """Answer 301."""

    def edit(request: Request, answer: Response) -> Response:
        if answer.status != 404 or not request.path.endswith("/") or request.path == "/":
            return answer
        return Response(301, (*answer.headers, ("Location", request.path.rstrip("/"))))

    return meddle.edits(handler, edit)
