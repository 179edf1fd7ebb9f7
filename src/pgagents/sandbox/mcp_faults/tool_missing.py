"""The last tool is not listed, though it can be called."""

from __future__ import annotations

from pgagents.sandbox import meddle_mcp
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"mcp_tools"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, _context: Context) -> Handler:
    """Leave it out of tools/list."""
    return meddle_mcp.results(handler, "tools/list", lambda _, result: {**result, "tools": result["tools"][:-1]})
