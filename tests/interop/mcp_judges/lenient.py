"""An MCP server with a schema that some clients cannot take, which the inspector must find."""

from __future__ import annotations

import asyncio
from typing import Any

from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp_types import ListToolsResult, Tool


async def tools(_context: Any, _params: Any) -> ListToolsResult:
    """A tool whose argument may be anything, said as a bare `true`."""
    return ListToolsResult(
        tools=[Tool(name="t", description="d", input_schema={"type": "object", "properties": {"a": True}})]
    )


async def main() -> None:
    """Serve it."""
    server = Server("lenient", version="1", on_list_tools=tools)
    async with stdio_server() as (came, goes):
        await server.run(came, goes, server.create_initialization_options())


asyncio.run(main())
