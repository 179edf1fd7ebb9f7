"""The server has tools, and neither prompts nor resources, instructions or icons."""

from __future__ import annotations

from typing import Any

from pgagents.sandbox import meddle_mcp
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

POINT: str | None = None


def wrap(handler: Handler, _context: Context) -> Handler:
    """Say so when the link is opened."""

    def edit(_: dict[str, Any], result: dict[str, Any]) -> dict[str, Any]:
        kept = {k: v for k, v in result.items() if k not in ("instructions",)}
        return {**kept, "capabilities": {"tools": {}}}

    return meddle_mcp.results(meddle_mcp.results(handler, "server/discover", edit), "initialize", edit)
