"""Configuration entries with which MCP clients start the server, by the client's configuration file.

Claude Desktop and Cursor read `mcpServers`; VS Code reads `servers` with `inputs` that it asks the user for
(https://code.visualstudio.com/docs/copilot/reference/mcp-configuration, https://cursor.com/docs/context/mcp,
https://modelcontextprotocol.io/docs/develop/connect-local-servers, read 2026-11-20).
"""

from __future__ import annotations

from typing import Any

from pgagents.generate.target import Target, View
from pgagents.model.model import Model
from pgagents.source.origin import Node, Text


def view(model: Model) -> View:
    """Return the entry for each client. Files that are shared contain no key."""
    surface = model.surfaces["mcp"]
    server = surface.server or Text(f"{model.api.id}-mcp", ("api", "id"))
    at = (*surface.origin, "env")
    key = Text(surface.env.get("key") or f"{model.api.id.upper()}_API_KEY", (*at, "key"))
    url = Text(surface.env.get("url") or f"{model.api.id.upper()}_API_URL", (*at, "url"))
    scheme = model.auth.schemes[model.auth.default]
    prefix = next((prefix for prefix, mode in scheme.prefixes.items() if mode == "test"), "")

    def make_command(given: str, **more: Any) -> Node:
        env = Node({key: Text(given, (*at, "key")), url: model.text("api", "server")}, origin=at)
        return Node({**more, "command": "npx", "args": ["-y", server], "env": env}, origin=surface.origin)

    asked = Node(
        {
            "type": "promptString",
            "id": "key",
            "description": f"{model.api.title}: {scheme.description or 'API key'}",
            "password": True,
        },
        origin=("auth", "schemes", model.auth.default),
    )
    return View(
        {
            "server": server,
            "claude": make_command(f"{prefix}…"),
            "cursor": make_command(f"${{env:{key}}}"),
            "vscode": make_command("${input:key}", type="stdio"),
            "asked": asked,
        }
    )


TARGET = Target("MCP clients' entries", ("mcp/clients.json",), view, surface="mcp")
