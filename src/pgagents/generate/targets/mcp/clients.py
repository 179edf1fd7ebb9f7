"""Configuration entries with which MCP clients reach the server, by the client's configuration file.

Claude Desktop and Cursor read `mcpServers`; VS Code reads `servers` with `inputs` that it asks the user for
(https://code.visualstudio.com/docs/copilot/reference/mcp-configuration, https://cursor.com/docs/context/mcp,
https://modelcontextprotocol.io/docs/develop/connect-local-servers, read 2026-11-20).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pgagents.base.places import Node, Text
from pgagents.catalogue.model.credential import Credential
from pgagents.catalogue.model.model import Model
from pgagents.catalogue.model.surface import McpServer
from pgagents.generate.mcp_servers import (
    BRIDGE,
    find_command,
    key_losses,
    list_keys,
    local_losses,
    name_variables,
    show_server,
)
from pgagents.generate.target import Loss, Target, View

Show = Callable[[Credential], str]
"""A function that returns the placeholder of a secret in an entry."""


def view(model: Model) -> View:
    """Return the entry for each client. Files that are shared contain no key."""
    server = model.mcp_server
    assert server is not None
    made = _hosted(model, server) if server.url else _started(model, server)
    asked = list_keys(model, server) if server.url else model.credentials.values()
    return View(
        {
            "server": server.name,
            "code": None,
            **made,
            "asked": [_ask(model, c) for c in asked if c.place == "header" or not server.url],
        },
        (*_desktop_losses(server), *local_losses(server), *key_losses(model, server)),
    )


def _started(model: Model, server: McpServer) -> dict[str, Node]:
    """Return the entries for a server that the client starts."""
    surface = model.surfaces["mcp"]
    at = (*surface.origin, "env")
    keys, url = name_variables(model)

    def make_command(show: Show, folder: str = "", **more: Any) -> Node:
        command, arguments = find_command(model, server, folder=folder)
        secrets: dict[str, Any] = {keys[n]: Text(show(c), (*at, "key")) for n, c in model.credentials.items()}
        env = Node({**secrets, url: show_server(model)}, origin=at)
        members = {**more, "command": command, "args": arguments, "env": env}
        return Node(members, origin=surface.origin)

    return {
        "claude": make_command(lambda c: f"{c.find_prefix('test')}…"),
        "cursor": make_command(lambda c: f"${{env:{keys[c.name]}}}"),
        "vscode": make_command(
            lambda c: f"${{input:{_name_input(model, c)}}}", "${workspaceFolder}/", type="stdio"
        ),
    }


def _hosted(model: Model, server: McpServer) -> dict[str, Node]:
    """Return the entries for a hosted server: its URL, and the headers with its keys.

    Claude Desktop's file can only start processes, so it starts `mcp-remote`, which forwards messages.
    """
    variables, _ = name_variables(model)
    carried = [one for one in list_keys(model, server) if one.place == "header"]

    def make_entry(show: Show, kind: str = "") -> Node:
        members: dict[str, Any] = {"type": kind} if kind else {}
        members["url"] = server.url
        if carried:
            headers = {c.header: Text(c.wrap(show(c)), c.origin) for c in carried}
            members["headers"] = Node(headers, origin=server.origin)
        return Node(members, origin=server.origin)

    arguments = [*BRIDGE, server.url]
    for one in carried:
        arguments += ["--header", Text(f"{one.header}:${{{variables[one.name]}}}", one.origin)]
    secrets: dict[str, Any] = {
        variables[c.name]: Text(c.wrap(f"{c.find_prefix('test')}…"), c.origin) for c in carried
    }
    bridge = {"command": "npx", "args": arguments, "env": Node(secrets, origin=server.origin)}
    kind = "sse" if server.transport == "sse" else "http"
    return {
        "claude": Node(bridge, origin=server.origin),
        "code": make_entry(lambda c: f"${{{variables[c.name]}}}", kind),
        "cursor": make_entry(lambda c: f"${{env:{variables[c.name]}}}"),
        "vscode": make_entry(lambda c: f"${{input:{_name_input(model, c)}}}", kind),
    }


def _desktop_losses(server: McpServer) -> list[Loss]:
    if server.package or server.url:
        return []
    why = "it starts servers in a folder of its own: write the file's absolute path there"
    return [Loss(server.origin, "path of the catalogue for Claude Desktop", "client", why)]


def _name_input(model: Model, credential: Credential) -> str:
    return "key" if credential is model.credential else f"key-{credential.name}"


def _ask(model: Model, credential: Credential) -> Node:
    """Return the input that makes VS Code ask the user for the key."""
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
