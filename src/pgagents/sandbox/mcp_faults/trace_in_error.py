"""An error tells a model how the server is built."""

from __future__ import annotations

from typing import Any

from pgagents.sandbox import meddle_mcp
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"leaks_nothing"})
ALSO: dict[str, str] = {}


TRACE = 'Traceback (most recent call last):\n  File "server.py", line 81, in call_tool'


def wrap(handler: Handler, _context: Context) -> Handler:
    """Add a trace to the text of each error."""

    def edit(_: dict[str, Any], result: dict[str, Any]) -> dict[str, Any]:
        return meddle_mcp.with_text(result, f"{meddle_mcp.text(result)}\n{TRACE}") if meddle_mcp.failed(result) else result

    return meddle_mcp.results(handler, "tools/call", edit)
