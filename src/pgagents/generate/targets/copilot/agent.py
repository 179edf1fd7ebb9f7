"""The declarative agent v1.2 of Microsoft 365 Copilot, with the plugin as its only action.

A plugin works only inside such an agent.
https://developer.microsoft.com/json-schemas/copilot/declarative-agent/v1.2/schema.json, read 2026-11-20.
"""

from __future__ import annotations

from typing import Any

from pgagents.base.places import Node
from pgagents.catalogue.model.model import Model
from pgagents.generate.target import Target, View

PLUGIN_FILE = "ai-plugin.json"


def view(model: Model) -> View:
    """Return name, texts and starters of the `copilot` surface. The related manifests have the same ones."""
    surface = model.surfaces["copilot"]
    members: dict[str, Any] = {
        "name": surface.human_name or model.text("api", "title"),
        "description": surface.description or model.text("api", "for_people"),
        "instructions": surface.instructions or model.text("api", "for_models"),
        "conversation_starters": [Node({"text": text}, origin=text.origin) for text in surface.starters],
        "plugin_id": surface.namespace or model.text("api", "id"),
        "plugin_file": PLUGIN_FILE,
    }
    return View(Node(members, origin=surface.origin))


TARGET = Target(
    "Microsoft 365 Copilot declarative agent v1.2",
    ("copilot/app/declarativeAgent.json",),
    view,
    surface="copilot",
    part="surfaces.copilot.package",
)
