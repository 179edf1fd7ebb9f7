"""The entry of the MCP server in a package: the URL with the headers of its keys, or the command."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from pgagents.generate.mcp_servers import find_command, list_keys, name_variables
from pgagents.model.credential import Credential
from pgagents.model.model import Model
from pgagents.model.surface import McpServer
from pgagents.source.origin import Node, Text

Expand = Callable[[str], str]
"""A function that returns a host's notation for the value of an environment variable."""


def make_entry(model: Model, server: McpServer, expand: Expand, remote: dict[str, Any]) -> Node:
    """Return the entry of the server. `remote` has the host's members for a hosted server."""
    variables, url = name_variables(model)
    if server.url:
        headers = {
            one.header: Text(one.wrap(expand(variables[one.name])), one.origin)
            for one in list_carried(model, server)
        }
        members = {**remote, **({"headers": Node(headers, origin=server.origin)} if headers else {})}
        return Node(members, origin=server.origin)
    env: dict[str, Any] = {name: Text(expand(name), name.origin) for name in variables.values()}
    env[url] = Text(model.api.server, ("api", "server"))
    command, arguments = find_command(model, server)
    members = {"command": command, "args": arguments, "env": Node(env, origin=server.origin)}
    return Node(members, origin=server.origin)


def list_carried(model: Model, server: McpServer) -> list[Credential]:
    """Return the credentials that are sent in a hosted server's headers, or set in a started one's
    environment.
    """
    if not server.url:
        return list(model.credentials.values())
    return [one for one in list_keys(model, server) if one.place == "header"]


def list_settings(model: Model, server: McpServer) -> Iterator[tuple[Text, Credential]]:
    """Yield each key that the user must enter, with its environment variable."""
    variables, _ = name_variables(model)
    for one in list_carried(model, server):
        yield variables[one.name], one
