"""Answers come as event streams, with progress and log messages before them."""

from __future__ import annotations

from pgagents.sandbox import meddle_mcp
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response, Silence, json_bytes

POINT: str | None = None


def wrap(handler: Handler, _context: Context) -> Handler:
    """Stream each answer."""

    def answer(request: Request) -> Response | Silence:
        found = handler(request)
        message = meddle_mcp.told(found) if isinstance(found, Response) and found.status == 200 else {}
        if not isinstance(found, Response) or not message:
            return found
        notes = [
            {"jsonrpc": "2.0", "method": "notifications/message", "params": {"level": "info", "data": "working"}},
            {"jsonrpc": "2.0", "method": "notifications/progress", "params": {"progressToken": 1, "progress": 0.5}},
        ]
        body = b": here it comes\r\n\r\n" + b"".join(b"event: message\r\ndata: " + json_bytes(m) + b"\r\n\r\n" for m in (*notes, message))
        kept = found.with_header("Content-Type", "text/event-stream; charset=utf-8").with_header("Content-Length", None)
        return Response(kept.status, kept.headers, body)

    return answer
