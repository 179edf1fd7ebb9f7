"""The manifest of a Microsoft 365 Copilot plugin (Copilot Cowork), version 1.29, its icons and its skills.

It is an app manifest with `agentSkills` and `agentConnectors`, and no declarative agent: whoever installs it
gets skills and tools alone. Cowork cannot verify a connection without a file of tools, so one is named.
https://learn.microsoft.com/microsoft-365/copilot/cowork/cowork-plugin-development and the schema 1.29 of npm
@microsoft/app-manifest 1.1.2, read 2026-11-25.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pgagents.base.places import Node, Text
from pgagents.catalogue.model.model import Model
from pgagents.catalogue.model.surface import Surface
from pgagents.generate import store_listing
from pgagents.generate.skills import find_heading, make_skills
from pgagents.generate.store_listing import find_unfit_version
from pgagents.generate.target import Loss, Note, Target, View

_SURFACE = "copilot_mcp"
_PART = f"surfaces.{_SURFACE}.package"
_TOOL_FILE = "tools.json"
"""The target `cowork/tools` of `mcp/tools.py` writes it."""


def view(model: Model) -> View:
    """Return the app's developer and texts, a folder for each skill, and the connector to the server."""
    surface = model.surfaces[_SURFACE]
    written, at = surface.package, (*surface.origin, "package")
    name = surface.human_name or model.text("api", "title")
    short = surface.description or model.text("api", "for_people")
    listing = find_heading(model)
    skills = make_skills(model, listing, _SURFACE)
    members: dict[str, Any] = {
        **store_listing.make_app(model, surface, "#cowork"),
        "name": {"short": name, "full": name},
        "description": {"short": short, "full": model.text("api", "for_models")},
        "icons": {"color": "color.png", "outline": "outline.png"},
        "agentSkills": [
            Node({"folder": Text(f"skills/{skill.name}", skill.origin)}, origin=skill.origin)
            for skill in skills.skills
        ],
        "agentConnectors": [_make_connector(surface, listing.id, name, short)],
    }
    letters = store_listing.initials(str(name))
    return View(
        {"members": Node(members, origin=at)},
        tuple(_losses(surface)),
        tuple(_list_notes(surface)),
        tuple(find_unfit_version(model, "a Microsoft 365 Copilot plugin")),
        assets={
            "cowork/color.png": store_listing.draw_icon(letters, 192, written.accent),
            "cowork/outline.png": store_listing.draw_icon(letters, 32, None),
        },
    )


def _make_connector(surface: Surface, id: Text, name: Text, text: Text) -> Node:
    """Return the connector. Without `auth` in the catalogue the host registers itself at the server."""
    remote: dict[str, Any] = {"mcpServerUrl": surface.server, "mcpToolDescription": {"file": _TOOL_FILE}}
    if surface.auth:
        named = surface.auth.get("reference_id")
        reference = (
            {"referenceId": Text(str(named), (*surface.origin, "auth", "reference_id"))} if named else {}
        )
        authorization = {"type": surface.auth["type"], **reference}
        remote["authorization"] = Node(authorization, origin=surface.auth.origin)
    source = {"remoteMcpServer": Node(remote, origin=surface.origin)}
    members = {"id": id, "displayName": name, "description": text, "toolSource": source}
    return Node(members, origin=surface.origin)


def _losses(surface: Surface) -> Iterator[Loss]:
    for number, text in enumerate(surface.starters, 1):
        yield Loss(text.origin, f"starter {number}", "dropped", "a plugin has no starter prompts")
    if surface.instructions:
        why = "only a declarative agent has instructions; the skills say what to do"
        yield Loss((*surface.origin, "instructions"), "instructions", "elsewhere", why)


def _list_notes(surface: Surface) -> Iterator[Note]:
    """Yield a note for an API key from the vault."""
    if surface.auth and surface.auth.get("type") == "ApiKeyPluginVault":
        message = "Copilot Cowork sends a connector's server no API key yet"
        help = "let the server offer OAuth, and write `auth: {type: OAuthPluginVault, reference_id: …}`"
        yield Note((*surface.origin, "auth"), message, help)


def view_skills(model: Model) -> View:
    """Return the skills for the tools of the connector, by their folders."""
    made = make_skills(model, find_heading(model), _SURFACE)
    return View({}, made.losses, made.notes, several=made.contexts)


TARGETS = {
    "cowork/manifest": Target(
        "Microsoft 365 Copilot plugin 1.29 (Copilot Cowork)",
        ("cowork/manifest.json", "cowork/color.png", "cowork/outline.png"),
        view,
        surface=_SURFACE,
        part=_PART,
        lists_actions=False,
    ),
    "cowork/skills": Target(
        "Skills of the Microsoft 365 Copilot plugin",
        ("cowork/skills/*/SKILL.md",),
        view_skills,
        surface=_SURFACE,
        part=_PART,
        lists_actions=False,
        template="agent_plugin/skills",
    ),
}
