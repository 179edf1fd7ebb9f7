"""The Microsoft 365 app manifest 1.19 for the declarative agent: `manifest.json` of the package.

Copilot agents exist from this version on.
https://developer.microsoft.com/json-schemas/teams/v1.19/MicrosoftTeams.schema.json, read 2026-11-20.
"""

from __future__ import annotations

from typing import Any
from uuid import NAMESPACE_URL, uuid5

from pgagents.base.places import Node, Text
from pgagents.catalogue.model.model import Model
from pgagents.generate.store_listing import find_unfit_version
from pgagents.generate.target import Target, View


def view(model: Model) -> View:
    """Return the app's developer, names and texts. An app without an id gets one derived from the API's
    address and id.
    """
    surface = model.surfaces["copilot"]
    written = surface.package
    at = (*surface.origin, "package")
    name = surface.human_name or model.text("api", "title")
    made = Text(str(uuid5(NAMESPACE_URL, f"{model.api.server}#{model.api.id}")), ("api", "id"))
    members: dict[str, Any] = {
        "version": Text(model.api.version, ("api", "version")),
        "id": Text(written.id, (*at, "id")) if written.id else made,
        "developer": {
            "name": Text(written.developer, (*at, "developer")),
            "websiteUrl": Text(written.website, (*at, "website"))
            if written.website
            else Text(model.api.server, ("api", "server")),
            "privacyUrl": model.text("api", "privacy"),
            "termsOfUseUrl": model.text("api", "terms"),
        },
        "name": name,
        "short": surface.description or model.text("api", "for_people"),
        "full": model.text("api", "for_models"),
        "accentColor": Text(written.accent, (*at, "accent")),
        "agent": Text(model.api.id, ("api", "id")),
    }
    return View(Node(members, origin=at), falsehoods=tuple(find_unfit_version(model, "a Microsoft 365 app")))


TARGET = Target(
    "Microsoft 365 app manifest 1.19",
    ("copilot/app/manifest.json",),
    view,
    surface="copilot",
    part="surfaces.copilot.package",
)
