"""The text of a result is the same JSON, indented; where no data is promised it is in words."""

from __future__ import annotations

import json
from typing import Any

from pgagents.sandbox import meddle_mcp
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

POINT: str | None = None


def wrap(handler: Handler, _context: Context) -> Handler:
    """Lay the text out."""

    def edit(_: dict[str, Any], result: dict[str, Any]) -> dict[str, Any]:
        if meddle_mcp.failed(result):
            return result
        if "structuredContent" not in result:
            return meddle_mcp.with_text(result, "It is done.")
        return meddle_mcp.with_text(result, json.dumps(result["structuredContent"], indent=2))

    return meddle_mcp.results(handler, "tools/call", edit)
