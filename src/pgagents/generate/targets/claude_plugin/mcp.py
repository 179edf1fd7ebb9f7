"""The MCP server of a Claude plugin: `.mcp.json`, whose headers may name environment variables.

https://code.claude.com/docs/en/mcp and npm @anthropic-ai/claude-code 2.1.329, run 2026-11-21: the word for
streamable HTTP is `http`.
"""

from __future__ import annotations

from pgagents.catalogue.model.model import Model
from pgagents.generate.mcp_servers import key_losses, local_losses, make_entry
from pgagents.generate.target import Target, View


def view(model: Model) -> View:
    """Return the server under the package's name."""
    server = model.mcp_server
    listing = model.surfaces["anthropic"].listing
    assert server is not None
    assert listing is not None
    remote = {"type": "sse" if server.transport == "sse" else "http", "url": server.url}
    entry = make_entry(model, server, lambda name: f"${{{name}}}", remote)
    return View({"name": listing.id, "server": entry}, (*local_losses(server), *key_losses(model, server)))


TARGET = Target(
    "MCP server of the Claude plugin",
    ("claude_plugin/.mcp.json",),
    view,
    surface="mcp",
    part="surfaces.anthropic.listing",
    lists_actions=False,
)
