"""An error names a status that the action does not have."""

from __future__ import annotations

from typing import Any

from pgagents.sandbox import meddle_mcp
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, json_bytes

BREAKS = frozenset({"documented_status"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, _context: Context) -> Handler:
    """Put another status in each error's text."""

    def edit(_: dict[str, Any], result: dict[str, Any]) -> dict[str, Any]:
        if not meddle_mcp.failed(result):
            return result
        return meddle_mcp.with_text(result, json_bytes({"error": {**meddle_mcp.error(result), "status": 418}}).decode())

    return meddle_mcp.results(handler, "tools/call", edit)
