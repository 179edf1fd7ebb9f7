"""Tools are listed in another order each time, so that no prompt is ever found in a cache."""

from __future__ import annotations

from typing import Any

from pgagents.sandbox import meddle_mcp
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"mcp_tools"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, _context: Context) -> Handler:
    """Turn every second list around."""
    asked = [0]

    def edit(_: dict[str, Any], result: dict[str, Any]) -> dict[str, Any]:
        asked[0] += 1
        return result if asked[0] % 2 else {**result, "tools": result["tools"][::-1]}

    return meddle_mcp.results(handler, "tools/list", edit)
