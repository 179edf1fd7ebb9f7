"""The manifest of an MCP bundle, version 0.3, and its icon.

https://github.com/modelcontextprotocol/mcpb/blob/main/MANIFEST.md and npm @anthropic-ai/mcpb 2.1.2, read and
run 2026-11-21. The host asks the user for each key and keeps it.
"""

from __future__ import annotations

from typing import Any

from pgagents.base.places import Node, Text
from pgagents.catalogue.model.credential import Credential
from pgagents.catalogue.model.model import Model
from pgagents.generate import store_listing
from pgagents.generate.actions import find_name, list_offered
from pgagents.generate.mcp_servers import is_required, key_losses, list_settings, name_variables
from pgagents.generate.store_listing import leave_out_empty, make_author
from pgagents.generate.target import DECLARED_SERVER, Target, View

LAUNCHER = "server/index.js"
_SIDE = 512


def view(model: Model) -> View:
    """Return texts, tools, and the keys that the host requests."""
    surface, server = model.surfaces["mcp"], model.mcp_server
    listing = model.surfaces["anthropic"].listing
    assert server is not None
    assert listing is not None
    keys = list(list_settings(model, server))
    members: dict[str, Any] = {
        "name": listing.id,
        "display_name": listing.name,
        "version": listing.version,
        "description": listing.summary,
        "author": make_author(listing),
        "homepage": listing.website,
        "documentation": model.text("api", "docs"),
        "support": listing.support,
        "icon": "icon.png",
        "server": {
            "type": "node",
            "entry_point": LAUNCHER,
            "mcp_config": {
                "command": "node",
                "args": [f"${{__dirname}}/{LAUNCHER}"],
                "env": _env(model, keys, hosted=bool(server.url)),
            },
        },
        "tools": [
            Node(
                {"name": find_name(surface, action), "description": surface.text(action, "description")},
                origin=action.origin,
            )
            for action in list_offered(surface)
        ],
        "keywords": list(listing.keywords),
        "license": listing.license,
        "user_config": {_setting(name): _ask(model, one) for name, one in keys},
        "privacy_policies": [listing.privacy] if listing.privacy else [],
        "compatibility": {"platforms": ["darwin", "win32", "linux"], "runtimes": {"node": ">=18"}},
    }
    picture = store_listing.choose_icon(listing, _SIDE)
    lost = tuple(key_losses(model, server))
    return View({"members": leave_out_empty(members)}, lost, assets={"mcpb/icon.png": picture})


def _env(model: Model, keys: list[tuple[Text, Credential]], *, hosted: bool) -> dict[str, Any]:
    """Return the environment variables of the launcher. A hosted server's headers are filled from them."""
    env: dict[str, Any] = {
        name: Text(
            one.wrap(f"${{user_config.{_setting(name)}}}")
            if hosted
            else f"${{user_config.{_setting(name)}}}",
            one.origin,
        )
        for name, one in keys
    }
    if not hosted:
        env[name_variables(model)[1]] = Text(model.api.server, ("api", "server"))
    return env


def _setting(variable: str) -> str:
    return variable.lower()


def _ask(model: Model, one: Credential) -> Node:
    """Return the setting with which the host requests a key."""
    return Node(
        {
            "type": "string",
            "title": f"{one.noun[:1].upper()}{one.noun[1:]}",
            "description": one.description or f"The {one.noun}, sent {one.how}",
            "sensitive": True,
            "required": is_required(model, one.name),
        },
        origin=one.origin,
    )


TARGET = Target(
    "MCP bundle (MCPB 0.3)",
    ("mcpb/manifest.json", "mcpb/icon.png"),
    view,
    surface="mcp",
    part=("surfaces.anthropic.listing", DECLARED_SERVER),
)
