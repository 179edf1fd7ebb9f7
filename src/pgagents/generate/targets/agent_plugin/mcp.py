"""The MCP server of an Agent Plugin: `mcp.json`.

https://github.com/agentplugins/agent-plugins-spec/blob/bd38355/spec/1.0.0.md, read 2026-11-21. A variable is
not expanded in headers, and ChatGPT's portal refuses any header, so that no key is written here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pgagents.base.places import Node, Text
from pgagents.catalogue.model.model import Model
from pgagents.catalogue.model.surface import McpServer
from pgagents.generate.mcp_servers import find_command, list_keys, local_losses, name_variables
from pgagents.generate.target import Loss, Target, View

HOST = "ChatGPT"


def view(model: Model) -> View:
    """Return the server under the package's name: its URL, or the command that starts it."""
    server = model.mcp_server
    listing = model.surfaces["openai"].listing
    assert server is not None
    assert listing is not None
    members: dict[str, Any]
    if server.url:
        members = {"type": server.transport, "url": server.url}
    else:
        _, url = name_variables(model)
        command, arguments = find_command(model, server)
        members = {
            "type": "stdio",
            "command": command,
            "args": arguments,
            "env": {url: Text(model.api.server, ("api", "server"))},
        }
    entry = Node(members, origin=server.origin)
    return View({"name": listing.id, "server": entry}, tuple(_losses(model, server)))


def _losses(model: Model, server: McpServer) -> Iterator[Loss]:
    """Yield losses for the keys, which no file may contain, and for a server that the directory cannot
    reach.
    """
    if not server.url:
        why = f"{HOST}'s directory connects to a hosted server only; other hosts start the package"
        yield Loss(server.origin, f"server {server.name}", "client", why)
        yield from local_losses(server)
        for name, variable in name_variables(model)[0].items():
            why = "whoever starts the server sets the variable; the package holds no key"
            yield Loss(model.credentials[name].origin, f"key in {variable}", "client", why)
        return
    keys = list_keys(model, server)
    oauth = model.code_flow is not None and any(
        all(model.credentials[name].by_users for name in way) for way in server.security if way
    )
    for one in keys if () not in server.security and not oauth else ():
        why = f"{HOST} connects without a key or by OAuth alone; the server must offer OAuth to be listed"
        yield Loss(one.origin, f"key `{one.show()}`", "client", why)


TARGET = Target(
    "MCP server of the Agent Plugin",
    ("agent_plugin/mcp.json",),
    view,
    surface="mcp",
    part="surfaces.openai.listing",
    lists_actions=False,
)
