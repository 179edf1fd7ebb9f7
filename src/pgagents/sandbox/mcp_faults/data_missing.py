"""Results have text only, though the tools promise data."""

from __future__ import annotations

from typing import Any

from pgagents.sandbox import meddle_mcp
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"mcp_results"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, _context: Context) -> Handler:
    """Take structuredContent away."""

    def edit(_: dict[str, Any], result: dict[str, Any]) -> dict[str, Any]:
        return {k: v for k, v in result.items() if k != "structuredContent"}

    return meddle_mcp.results(handler, "tools/call", edit)
