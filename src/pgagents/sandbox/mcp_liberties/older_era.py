"""The server speaks the protocol with sessions only, of 2025-11-25."""

from __future__ import annotations

from pgagents.sandbox import meddle_mcp
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response, Silence

POINT: str | None = None


def wrap(handler: Handler, _context: Context) -> Handler:
    """Do not know server/discover."""

    def answer(request: Request) -> Response | Silence:
        if meddle_mcp.asked(request).get("method") == "server/discover":
            return Response(400, (("Content-Type", "text/plain"),), b"Bad Request: Missing session ID")
        return handler(request)

    return answer
