"""The text is cut where it grows long, the data is whole."""

from __future__ import annotations

from typing import Any

from pgagents.sandbox import meddle_mcp
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"mcp_results"})
ALSO: dict[str, str] = {}


MOST = 300


def wrap(handler: Handler, _context: Context) -> Handler:
    """Cut the text of successes."""

    def edit(_: dict[str, Any], result: dict[str, Any]) -> dict[str, Any]:
        words = meddle_mcp.text(result)
        return result if meddle_mcp.failed(result) or len(words) <= MOST else meddle_mcp.with_text(result, words[:MOST] + "…")

    return meddle_mcp.results(handler, "tools/call", edit)
