"""The Microsoft 365 app manifest 1.19 for the declarative agent: `manifest.json` of the package.

Copilot agents exist from this version on.
https://developer.microsoft.com/json-schemas/teams/v1.19/MicrosoftTeams.schema.json, read 2026-11-20.
"""

from __future__ import annotations

from typing import Any

from pgagents.base.places import Node, Text
from pgagents.catalogue.model.model import Model
from pgagents.generate.store_listing import find_unfit_version, make_app
from pgagents.generate.target import Target, View


def view(model: Model) -> View:
    """Return the app's developer, names and texts."""
    surface = model.surfaces["copilot"]
    name = surface.human_name or model.text("api", "title")
    members: dict[str, Any] = {
        **make_app(model, surface),
        "name": name,
        "short": surface.description or model.text("api", "for_people"),
        "full": model.text("api", "for_models"),
        "agent": Text(model.api.id, ("api", "id")),
    }
    at = (*surface.origin, "package")
    return View(Node(members, origin=at), falsehoods=tuple(find_unfit_version(model, "a Microsoft 365 app")))


TARGET = Target(
    "Microsoft 365 app manifest 1.19",
    ("copilot/app/manifest.json",),
    view,
    surface="copilot",
    part="surfaces.copilot.package",
)
