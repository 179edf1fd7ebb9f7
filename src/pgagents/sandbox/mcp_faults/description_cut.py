"""Descriptions are cut at a number of characters."""

from __future__ import annotations

from typing import Any

from pgagents.sandbox import meddle_mcp
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"mcp_tools"})
ALSO: dict[str, str] = {}


MOST = 60


def wrap(handler: Handler, _context: Context) -> Handler:
    """Cut them in tools/list."""

    def edit(_: dict[str, Any], result: dict[str, Any]) -> dict[str, Any]:
        return {**result, "tools": [{**tool, "description": tool["description"][:MOST]} for tool in result["tools"]]}

    return meddle_mcp.results(handler, "tools/list", edit)
