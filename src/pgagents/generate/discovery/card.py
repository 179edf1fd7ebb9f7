"""The card of a hosted MCP server, which the server card file and an AI catalogue show."""

from __future__ import annotations

from typing import Any

from pgagents.generate.mcp_servers import make_remote, name_server
from pgagents.model.model import Model
from pgagents.source.origin import Node, Text

SCHEMA = "https://static.modelcontextprotocol.io/schemas/v1/server-card.schema.json"
HOSTED_SERVER = "surfaces.mcp.mcp_server.url"
"""The part of the model that must exist for a document about the hosted server."""


def make_card(model: Model) -> Node:
    """Return name, version, texts and address of the hosted server.

    The card has no protocol versions: the server announces them itself, and the catalogue does not have them.
    """
    surface = model.surfaces["mcp"]
    server = surface.mcp_server
    assert server is not None
    members: dict[str, Any] = {
        "$schema": SCHEMA,
        "name": name_server(model, server),
        "version": server.version,
        "title": surface.title or model.text("api", "title"),
        "description": surface.description or model.text("api", "for_people"),
        "websiteUrl": model.text("api", "docs") or Text(model.api.server, ("api", "server")),
        "remotes": [make_remote(model, server)],
    }
    return Node(members, origin=surface.origin)
