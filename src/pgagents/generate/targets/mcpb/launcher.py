"""The program in an MCP bundle that starts the server's package, or `mcp-remote` for a hosted server.

A bundle needs a program of its own (https://github.com/modelcontextprotocol/mcpb/blob/main/MANIFEST.md, read
2026-11-21). This one starts the server and forwards its input and output.
"""

from __future__ import annotations

from pgagents.catalogue.model.model import Model
from pgagents.catalogue.model.surface import McpServer
from pgagents.generate.mcp_servers import BRIDGE, find_command, list_settings
from pgagents.generate.target import DECLARED_SERVER, Target, View


def view(model: Model) -> View:
    """Return the command and its arguments."""
    server = model.mcp_server
    assert server is not None
    if server.url:
        return View({"command": "npx", "arguments": _bridge(model, server)})
    command, arguments = find_command(model, server)
    return View({"command": command, "arguments": [str(one) for one in arguments]})


def _bridge(model: Model, server: McpServer) -> list[str]:
    """Return the arguments of `mcp-remote`, which fills variables into headers itself."""
    arguments = [*BRIDGE, str(server.url)]
    for name, one in list_settings(model, server):
        arguments += ["--header", f"{one.header}:${{{name}}}"]
    return arguments


TARGET = Target(
    "Launcher of the MCP bundle",
    ("mcpb/server/index.js",),
    view,
    surface="mcp",
    part=("surfaces.anthropic.listing", DECLARED_SERVER),
    lists_actions=False,
)
