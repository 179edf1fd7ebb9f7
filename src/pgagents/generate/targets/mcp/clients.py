"""Configuration entries with which MCP clients start the server, by the client's configuration file.

Claude Desktop and Cursor read `mcpServers`; VS Code reads `servers` with `inputs` that it asks the user for
(https://code.visualstudio.com/docs/copilot/reference/mcp-configuration, https://cursor.com/docs/context/mcp,
https://modelcontextprotocol.io/docs/develop/connect-local-servers, read 2026-11-20).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pgagents.generate.target import Target, View
from pgagents.model.credential import Credential
from pgagents.model.identity import variable_of_scheme
from pgagents.model.model import Model
from pgagents.source.origin import Node, Text


def view(model: Model) -> View:
    """Return the entry for each client. Files that are shared contain no key."""
    surface = model.surfaces["mcp"]
    server = surface.server or Text(f"{model.api.id}-mcp", ("api", "id"))
    at = (*surface.origin, "env")
    key = Text(surface.env.get("key") or f"{model.api.id.upper()}_API_KEY", (*at, "key"))
    url = Text(surface.env.get("url") or f"{model.api.id.upper()}_API_URL", (*at, "url"))
    keys = {name: Text(variable_of_scheme(model, name, key), (*at, "key")) for name in model.credentials}

    def make_command(show: Callable[[Credential], str], **more: Any) -> Node:
        secrets: dict[str, Any] = {keys[n]: Text(show(c), (*at, "key")) for n, c in model.credentials.items()}
        env = Node({**secrets, url: model.text("api", "server")}, origin=at)
        return Node({**more, "command": "npx", "args": ["-y", server], "env": env}, origin=surface.origin)

    return View(
        {
            "server": server,
            "claude": make_command(lambda c: f"{c.find_prefix('test')}…"),
            "cursor": make_command(lambda c: f"${{env:{keys[c.name]}}}"),
            "vscode": make_command(lambda c: f"${{input:{_name_input(model, c)}}}", type="stdio"),
            "asked": [_ask(model, credential) for credential in model.credentials.values()],
        }
    )


def _name_input(model: Model, credential: Credential) -> str:
    return "key" if credential is model.credential else f"key-{credential.name}"


def _ask(model: Model, credential: Credential) -> Node:
    """Return the input by which VS Code asks the user for the key."""
    return Node(
        {
            "type": "promptString",
            "id": _name_input(model, credential),
            "description": f"{model.api.title}: {credential.description or credential.noun}",
            "password": True,
        },
        origin=credential.origin,
    )


TARGET = Target("MCP clients' entries", ("mcp/clients.json",), view, surface="mcp")
