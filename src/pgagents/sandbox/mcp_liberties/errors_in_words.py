"""An error is a sentence with the API's code in it."""

from __future__ import annotations

from typing import Any

from pgagents.sandbox import meddle_mcp
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

POINT: str | None = None


def wrap(handler: Handler, _context: Context) -> Handler:
    """Word it, where the API told a code; the server's own refusals stay."""

    def edit(_: dict[str, Any], result: dict[str, Any]) -> dict[str, Any]:
        error = meddle_mcp.error(result) if meddle_mcp.failed(result) else {}
        if "status" not in error:
            return meddle_mcp.with_text(result, f"I cannot do that: {error.get('message')}") if error else result
        return meddle_mcp.with_text(result, f"The API said {error['code']} ({error['status']}): {error.get('message')}")

    return meddle_mcp.results(handler, "tools/call", edit)
