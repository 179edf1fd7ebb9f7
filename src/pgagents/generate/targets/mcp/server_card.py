"""The server card of a hosted MCP server (SEP-2127), which clients read before they connect.

https://github.com/modelcontextprotocol/experimental-ext-server-card/blob/8924e08/docs/discovery.md, read
2026-11-21.
"""

from __future__ import annotations

from pgagents.catalogue.model.model import Model
from pgagents.generate.addresses import SERVER_CARD
from pgagents.generate.mcp_servers import HOSTED_SERVER, key_losses, make_card
from pgagents.generate.target import Loss, Target, View


def view(model: Model) -> View:
    """Return the card. Tools are not part of it: clients list them from the server."""
    surface = model.surfaces["mcp"]
    assert surface.mcp_server is not None
    tools = Loss(
        surface.origin, f"{len(surface.actions)} actions", "elsewhere", "the server lists its tools itself"
    )
    return View({"card": make_card(model)}, (tools, *key_losses(model, surface.mcp_server)))


TARGET = Target(
    "MCP server card", (SERVER_CARD,), view, surface="mcp", part=HOSTED_SERVER, lists_actions=False
)
