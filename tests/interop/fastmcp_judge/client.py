"""Read the MCP server that a command starts, as FastMCP's client does, and print what was heard as JSON.

The words are a tool to call (`-` for none), its arguments as JSON, and the server's command.
"""

import asyncio
import json
import os
import sys
from typing import Any

from fastmcp import Client
from fastmcp.client.transports import StdioTransport


async def main(tool: str, arguments: str, command: str, *words: str) -> dict[str, Any]:
    heard: dict[str, Any] = {}
    async with Client(StdioTransport(command, list(words), env=dict(os.environ))) as client:
        tools = await client.list_tools()
        heard["tools"] = [one.name for one in tools]
        heard["silent"] = [one.name for one in tools if not one.description or not one.inputSchema]
        if tool != "-":
            answer = await client.call_tool(tool, json.loads(arguments), raise_on_error=False)
            heard["error"] = answer.is_error
            heard["structured"] = answer.structured_content
    return heard


print(json.dumps(asyncio.run(main(*sys.argv[1:]))))
