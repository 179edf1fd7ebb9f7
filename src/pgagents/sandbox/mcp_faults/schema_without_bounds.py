"""Input schemas lose the bounds of their numbers, as converters do that know types only."""

from __future__ import annotations

from typing import Any

from pgagents.sandbox import meddle_mcp
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"mcp_tools"})
ALSO: dict[str, str] = {}


BOUNDS = ("minimum", "maximum", "pattern")


def wrap(handler: Handler, _context: Context) -> Handler:
    """Take them out of tools/list."""

    def edit(_: dict[str, Any], result: dict[str, Any]) -> dict[str, Any]:
        return {**result, "tools": [{**tool, "inputSchema": _bare(tool["inputSchema"])} for tool in result["tools"]]}

    return meddle_mcp.results(handler, "tools/list", edit)


def _bare(schema: Any) -> Any:
    if isinstance(schema, dict):
        return {name: _bare(member) for name, member in schema.items() if name not in BOUNDS}
    return schema
