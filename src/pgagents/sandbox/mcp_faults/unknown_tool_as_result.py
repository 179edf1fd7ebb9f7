"""A tool that there is not is answered with a result."""

from __future__ import annotations

from typing import Any

from pgagents.sandbox import meddle_mcp
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"mcp_errors"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, _context: Context) -> Handler:
    """Turn the error into a result with isError."""

    def edit(_: dict[str, Any], message: dict[str, Any]) -> dict[str, Any]:
        if "Unknown tool" not in str((message.get("error") or {}).get("message")):
            return message
        result = {"content": [{"type": "text", "text": "unknown tool"}], "isError": True, "resultType": "complete"}
        return {"jsonrpc": "2.0", "id": message.get("id"), "result": result}

    return meddle_mcp.edits(handler, "tools/call", edit)
