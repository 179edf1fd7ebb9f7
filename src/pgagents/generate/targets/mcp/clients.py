"""Configuration entries with which MCP clients reach the server, by the client's configuration file.

Claude Desktop and Cursor read `mcpServers`; VS Code reads `servers` with `inputs` that it asks the user for
(https://code.visualstudio.com/docs/copilot/reference/mcp-configuration, https://cursor.com/docs/context/mcp,
https://modelcontextprotocol.io/docs/develop/connect-local-servers, read 2026-11-20).
"""

from __future__ import annotations

from typing import Any

from pgagents.generate.target import Target, View
from pgagents.generate.targets.mcp.server import RUNTIMES
from pgagents.model.credential import Credential
from pgagents.model.model import McpServer, Model
from pgagents.source.origin import Node, Text


def view(model: Model) -> View:
    """Return the entry for each client. Files that are shared contain no key."""
    server = model.mcp_server
    assert server is not None
    made = _hosted(model, server) if server.url else _started(model, server)
    credential = model.credential if server.keyed or not server.url else None
    return View(
        {
            "server": server.name,
            "code": None,
            **made,
            "asked": _ask(model, credential) if credential is not None else None,
        }
    )


def _names(model: Model) -> tuple[Text, Text]:
    """Return the environment variables with the key and the API's URL."""
    surface = model.surfaces["mcp"]
    at = (*surface.origin, "env")
    key = Text(surface.env.get("key") or f"{model.api.id.upper()}_API_KEY", (*at, "key"))
    return key, Text(surface.env.get("url") or f"{model.api.id.upper()}_API_URL", (*at, "url"))


def _started(model: Model, server: McpServer) -> dict[str, Node]:
    """Return the entries of a server that the client starts."""
    surface = model.surfaces["mcp"]
    at = (*surface.origin, "env")
    key, url = _names(model)
    credential = model.credential
    registry, package = server.registry or "npm", server.package or server.name
    names = [*([key] if credential is not None else []), url]
    arguments = {
        "npm": ["-y", package],
        "pypi": [package],
        "oci": ["run", "-i", "--rm", *(part for name in names for part in ("-e", name)), package],
    }

    def make_command(given: str, **more: Any) -> Node:
        secret: dict[str, Any] = {key: Text(given, (*at, "key"))} if credential is not None else {}
        env = Node({**secret, url: model.text("api", "server")}, origin=at)
        command = {**more, "command": RUNTIMES[registry], "args": arguments[registry], "env": env}
        return Node(command, origin=surface.origin)

    return {
        "claude": make_command(f"{model.find_key_prefix('test')}…"),
        "cursor": make_command(f"${{env:{key}}}"),
        "vscode": make_command("${input:key}", type="stdio"),
    }


def _hosted(model: Model, server: McpServer) -> dict[str, Node]:
    """Return the entries of a hosted server: its URL, and the header with the key if it takes one.

    Claude Desktop's file starts processes only, so `mcp-remote` passes its messages on there.
    """
    credential, (key, _) = model.credential if server.keyed else None, _names(model)

    def make_entry(given: str, kind: str = "") -> Node:
        members: dict[str, Any] = {"type": kind} if kind else {}
        members["url"] = server.url
        if credential is not None:
            members["headers"] = Node({credential.header: credential.wrap(given)}, origin=credential.origin)
        return Node(members, origin=server.origin)

    bridge: dict[str, Any] = {"command": "npx", "args": ["-y", "mcp-remote", server.url]}
    if credential is not None:
        bridge["args"] += ["--header", f"{credential.header}:${{{key}}}"]
    bridge["env"] = (
        {key: credential.wrap(f"{model.find_key_prefix('test')}…")} if credential is not None else {}
    )
    kind = "sse" if server.transport == "sse" else "http"
    return {
        "claude": Node(bridge, origin=server.origin),
        "code": make_entry(f"${{{key}}}", kind),
        "cursor": make_entry(f"${{env:{key}}}"),
        "vscode": make_entry("${input:key}", kind),
    }


def _ask(model: Model, credential: Credential) -> Node:
    """Return the input by which VS Code asks the user for the key."""
    return Node(
        {
            "type": "promptString",
            "id": "key",
            "description": f"{model.api.title}: {credential.description or credential.noun}",
            "password": True,
        },
        origin=credential.origin,
    )


TARGET = Target("MCP clients' entries", ("mcp/clients.json",), view, surface="mcp")
