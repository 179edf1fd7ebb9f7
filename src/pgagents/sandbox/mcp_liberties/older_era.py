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
            return Response(400, (("Content-Type", "application/json"),), b'{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"Bad"}}')
        return handler(request)

    return answer
