"""The marketplace of a Claude plugin. The plugin's folder is itself a marketplace with one plugin.

npm @anthropic-ai/claude-code 2.1.329, `claude plugin validate`, run 2026-11-21: a source begins with `./`.
"""

from __future__ import annotations

from pgagents.base.places import Node
from pgagents.catalogue.model.model import Model
from pgagents.generate.store_listing import leave_out_empty
from pgagents.generate.target import Target, View


def view(model: Model) -> View:
    """Return the owner, and the one plugin."""
    listing = model.surfaces["anthropic"].listing
    assert listing is not None
    plugin = {
        "name": listing.id,
        "source": "./",
        "description": listing.summary,
        "version": listing.version,
        "category": listing.category,
        "keywords": list(listing.keywords),
    }
    return View(
        {
            "name": listing.id,
            "owner": leave_out_empty({"name": listing.developer, "email": listing.email}),
            "description": listing.summary,
            "plugin": Node(leave_out_empty(plugin), origin=listing.origin),
        }
    )


TARGET = Target(
    "Claude marketplace",
    ("claude_plugin/.claude-plugin/marketplace.json",),
    view,
    surface="anthropic",
    part="surfaces.anthropic.listing",
    lists_actions=False,
)
