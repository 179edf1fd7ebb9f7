"""The marketplace file by which Codex installs the Agent Plugin from its own folder.

https://developers.openai.com/codex/plugins/build and npm @openai/codex 0.169.0, run 2026-11-21.
"""

from __future__ import annotations

from pgagents.base.places import Node
from pgagents.catalogue.model.model import Model
from pgagents.generate.target import Target, View


def view(model: Model) -> View:
    """Return the one plugin. Codex requests its key when the plugin is installed."""
    listing = model.surfaces["openai"].listing
    assert listing is not None
    plugin = {
        "name": listing.id,
        "source": {"source": "local", "path": "./"},
        "policy": {"installation": "AVAILABLE", "authentication": "ON_INSTALL"},
        "category": listing.category or "Other",
    }
    return View({"name": listing.id, "shown": listing.name, "plugin": Node(plugin, origin=listing.origin)})


TARGET = Target(
    "Codex marketplace",
    ("agent_plugin/.agents/plugins/marketplace.json",),
    view,
    surface="openai",
    part="surfaces.openai.listing",
    lists_actions=False,
)
