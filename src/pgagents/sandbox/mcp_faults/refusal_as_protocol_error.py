"""What the API refuses is a JSON-RPC error, which a model never sees."""

from __future__ import annotations

from typing import Any

from pgagents.sandbox import meddle_mcp
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"mcp_errors"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, _context: Context) -> Handler:
    """Turn each result that tells of an error into one."""

    def edit(_: dict[str, Any], message: dict[str, Any]) -> dict[str, Any]:
        result = message.get("result")
        if not isinstance(result, dict) or not meddle_mcp.failed(result):
            return message
        return {"jsonrpc": "2.0", "id": message.get("id"), "error": {"code": -32603, "message": meddle_mcp.text(result)}}

    return meddle_mcp.edits(handler, "tools/call", edit)
