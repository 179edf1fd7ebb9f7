"""The edge answers 503 with Retry-After now and then, without envelope."""

from __future__ import annotations

from itertools import count

from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response, Silence

POINT = None
_EVERY = 37


def wrap(handler: Handler, _context: Context) -> Handler:
    """Every 37th call does not come through."""
    calls = count(1)

    def answer(request: Request) -> Response | Silence:
        if next(calls) % _EVERY == 0:
            return Response(503, (("Content-Type", "text/plain"), ("Retry-After", "1")), b"busy")
        return handler(request)

    return answer
