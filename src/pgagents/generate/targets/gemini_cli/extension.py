"""The manifest of a Gemini CLI extension: `gemini-extension.json`.

https://geminicli.com/docs/extensions/reference and npm @google/gemini-cli 0.61.0, run 2026-11-21.
"""

from __future__ import annotations

from pgagents.base.places import Node
from pgagents.catalogue.model.model import Model
from pgagents.generate.mcp_servers import key_losses, list_settings, local_losses, make_entry
from pgagents.generate.store_listing import list_drafts, list_lost_cases
from pgagents.generate.target import Target, View


def view(model: Model) -> View:
    """Return the server, and the settings in which the user enters the keys."""
    server = model.mcp_server
    listing = model.surfaces["gemini"].listing
    assert server is not None
    assert listing is not None
    member = "url" if server.transport == "sse" else "httpUrl"
    settings = [
        Node(
            {
                "name": f"{one.noun[:1].upper()}{one.noun[1:]}",
                "description": one.description or f"The {one.noun}, sent {one.how}",
                "envVar": name,
                "sensitive": True,
            },
            origin=one.origin,
        )
        for name, one in list_settings(model, server)
    ]
    return View(
        {
            "name": listing.id,
            "version": listing.version,
            "description": listing.summary,
            "server": make_entry(model, server, lambda name: f"${name}", {member: server.url}),
            "settings": settings,
        },
        (
            *local_losses(server),
            *key_losses(model, server),
            *list_lost_cases(model, "gemini", "an extension of Gemini CLI"),
        ),
        tuple(list_drafts(model, "gemini")),
    )


TARGET = Target(
    "Gemini CLI extension",
    ("gemini_cli/gemini-extension.json",),
    view,
    surface="mcp",
    part="surfaces.gemini.listing",
    lists_actions=False,
)
