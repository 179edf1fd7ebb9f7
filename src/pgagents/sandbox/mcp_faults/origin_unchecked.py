"""A page of any site may call the server of whoever looks at it."""

from __future__ import annotations

from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"mcp_transport"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, _context: Context) -> Handler:
    """Do not let the server see the Origin."""
    return lambda request: handler(request.with_header("Origin", None))
