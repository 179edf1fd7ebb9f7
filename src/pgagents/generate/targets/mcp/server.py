"""The server's entry in the MCP registry: `server.json`, schema 2025-12-11.

https://github.com/modelcontextprotocol/registry/tree/main/docs/reference/server-json, read 2026-11-20.
"""

from __future__ import annotations

from typing import Any

from pgagents.generate.openapi.address import reverse_domain, with_extra
from pgagents.generate.target import Target, View
from pgagents.model.model import Model
from pgagents.source.origin import Node, Text


def view(model: Model) -> View:
    """Return name, texts and npm package of the `mcp` surface's server, with the API's version.

    The surface's `extra` replaces or adds members, such as `packages` of another registry or `remotes`.
    """
    surface = model.surfaces["mcp"]
    server = surface.server or Text(f"{model.api.id}-mcp", ("api", "id"))
    members: dict[str, Any] = {
        "name": Text(f"{reverse_domain(model)}/{server}", getattr(server, "origin", ("api", "server"))),
        "title": surface.title or model.text("api", "title"),
        "description": surface.description or model.text("api", "for_people"),
        "version": model.text("api", "version"),
        "websiteUrl": model.text("api", "docs") or model.text("api", "server"),
        "packages": [_package(model, server)],
    }
    return View(with_extra(Node(members, origin=surface.origin), surface))


def _package(model: Model, server: Text) -> Node:
    surface = model.surfaces["mcp"]
    at = (*surface.origin, "env")
    credential = model.credential
    variables = []
    if credential is not None:
        key: dict[str, Any] = {
            "name": _env(model, "key"),
            "description": credential.description or f"The {credential.noun}",
            "isRequired": True,
            "isSecret": True,
        }
        variables.append(Node(key, origin=at))
    url = {
        "name": _env(model, "url"),
        "description": "Where the API is",
        "default": model.text("api", "server"),
    }
    return Node(
        {
            "registryType": "npm",
            "identifier": server,
            "version": model.text("api", "version"),
            "runtimeHint": "npx",
            "transport": {"type": "stdio"},
            "environmentVariables": [*variables, Node(url, origin=at)],
        },
        origin=surface.origin,
    )


def _env(model: Model, which: str) -> Text:
    surface = model.surfaces["mcp"]
    ours = {"key": "API_KEY", "url": "API_URL"}
    return Text(
        surface.env.get(which) or f"{model.api.id.upper()}_{ours[which]}", (*surface.origin, "env", which)
    )


TARGET = Target("MCP registry entry", ("mcp/server.json",), view, surface="mcp")
