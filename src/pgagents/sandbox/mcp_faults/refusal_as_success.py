"""What the API refuses is a success whose text tells of an error."""

from __future__ import annotations

from typing import Any

from pgagents.sandbox import meddle_mcp
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"refuses_invalid", "absent_id", "mcp_results", "body_fits"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, _context: Context) -> Handler:
    """Take isError away."""

    def edit(_: dict[str, Any], result: dict[str, Any]) -> dict[str, Any]:
        return {**result, "isError": False} if meddle_mcp.failed(result) else result

    return meddle_mcp.results(handler, "tools/call", edit)
