"""Numbers in a tool's data are texts."""

from __future__ import annotations

from typing import Any

from pgagents.sandbox import meddle_mcp
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, json_bytes

BREAKS = frozenset({"mcp_results", "body_fits"})
ALSO: dict[str, str] = {"same_answer": "the same numbers, compared with those of REST"}


def wrap(handler: Handler, _context: Context) -> Handler:
    """Write the numbers of structuredContent and of the text as texts."""

    def edit(_: dict[str, Any], result: dict[str, Any]) -> dict[str, Any]:
        if "structuredContent" not in result:
            return result
        data = _worded(result["structuredContent"])
        return {**meddle_mcp.with_text(result, json_bytes(data).decode()), "structuredContent": data}

    return meddle_mcp.results(handler, "tools/call", edit)


def _worded(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _worded(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_worded(member) for member in value]
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value
