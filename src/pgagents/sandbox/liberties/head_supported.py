"""HEAD is answered wherever GET is."""

from __future__ import annotations

from dataclasses import replace

from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response, Silence

POINT = None


def wrap(handler: Handler, _context: Context) -> Handler:
    """Answer HEAD as GET without the body, OPTIONS with the methods."""

    def answer(request: Request) -> Response | Silence:
        if request.method == "HEAD":
            found = handler(replace(request, method="GET"))
            return Response(found.status, found.headers) if isinstance(found, Response) else found
        found = handler(request)
        if request.method == "OPTIONS" and isinstance(found, Response) and found.status == 405:
            kept = tuple(h for h in found.headers if h[0].lower() != "content-type")
            return Response(204, kept)
        return found

    return answer
