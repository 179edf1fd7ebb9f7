"""A revision of the protocol that there is not is taken for the one that is spoken."""

from __future__ import annotations

from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response, Silence

BREAKS = frozenset({"mcp_transport"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, _context: Context) -> Handler:
    """Put a known revision in its place."""

    def answer(request: Request) -> Response | Silence:
        given = request.header("MCP-Protocol-Version")
        return handler(request.with_header("MCP-Protocol-Version", "2026-07-28") if given and given < "2024" else request)

    return answer
