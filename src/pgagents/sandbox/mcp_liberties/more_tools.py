"""The server lists tools of its own beside the catalogue's."""

from __future__ import annotations

from pgagents.sandbox import meddle_mcp
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

POINT: str | None = "other_tools"


def wrap(handler: Handler, _context: Context) -> Handler:
    """Add one to tools/list, before the others."""
    tool = {"name": "help", "description": "How to use this server.", "inputSchema": {"type": "object"}}
    return meddle_mcp.results(handler, "tools/list", lambda _, result: {**result, "tools": [tool, *result["tools"]]})
