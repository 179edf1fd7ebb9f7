"""The README of a Claude plugin: what it does, which keys it needs, its tools, and the privacy policy.

npm @anthropic-ai/claude-code 2.1.329, run 2026-11-21: the directory asks at least 40 words and a link to the
privacy policy.
"""

from __future__ import annotations

from pgagents.catalogue.model.model import Model
from pgagents.generate.actions import find_name
from pgagents.generate.mcp_servers import list_settings
from pgagents.generate.target import Target, View

MOST_TOOLS = 100


def view(model: Model) -> View:
    """Return title, texts, keys and tools."""
    surface, server = model.surfaces["mcp"], model.mcp_server
    listing = model.surfaces["anthropic"].listing
    assert listing is not None
    assert server is not None
    tools = [(find_name(surface, action), surface.text(action, "title")) for action in surface.actions]
    return View(
        {
            "listing": listing,
            "for_models": model.text("api", "for_models"),
            "keys": [
                (name, one.description or f"The {one.noun}", one.issue_at)
                for name, one in list_settings(model, server)
            ],
            "tools": tools[:MOST_TOOLS],
            "more": max(0, len(tools) - MOST_TOOLS),
        }
    )


TARGET = Target(
    "README of the Claude plugin",
    ("claude_plugin/README.md",),
    view,
    surface="mcp",
    part="surfaces.anthropic.listing",
    lists_actions=False,
)
