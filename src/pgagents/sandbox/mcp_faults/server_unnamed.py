"""The server does not say which version of it answers."""

from __future__ import annotations

from typing import Any

from pgagents.sandbox import meddle_mcp
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"mcp_transport"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, _context: Context) -> Handler:
    """Take its version away."""

    def edit(_: dict[str, Any], result: dict[str, Any]) -> dict[str, Any]:
        return {**result, "_meta": {}, "serverInfo": {"name": "server"}}

    return meddle_mcp.results(meddle_mcp.results(handler, "server/discover", edit), "initialize", edit)
