"""The server's entry in the MCP registry: `server.json`, schema 2025-12-11.

https://github.com/modelcontextprotocol/registry/tree/main/docs/reference/server-json, read 2026-11-20.
"""

from __future__ import annotations

from typing import Any

from pgagents.base.places import Node, Text
from pgagents.catalogue.model.identity import variable_of_scheme
from pgagents.catalogue.model.model import Model
from pgagents.catalogue.model.surface import VERSIONED, McpServer
from pgagents.generate.addresses import with_extra
from pgagents.generate.mcp_servers import RUNTIMES, is_required, key_losses, make_remote, name_server
from pgagents.generate.target import DECLARED_SERVER, Target, View


def view(model: Model) -> View:
    """Return name, texts, and how the `mcp` surface's server is reached: by its package, its URL, or both.

    A server that has neither is not for others, so it has no entry.

    The surface's `extra` replaces or adds members, such as `repository`.
    """
    surface = model.surfaces["mcp"]
    server = surface.mcp_server
    assert server is not None
    members: dict[str, Any] = {
        "name": name_server(model, server),
        "title": surface.title or model.text("api", "title"),
        "description": surface.description or model.text("api", "for_people"),
        "version": server.version,
        "websiteUrl": model.text("api", "docs") or Text(model.api.server, ("api", "server")),
        "packages": [_package(model, server)] if server.package else None,
        "remotes": [make_remote(model, server)] if server.url else None,
    }
    lost = tuple(key_losses(model, server))
    return View(with_extra(Node(members, origin=surface.origin), surface), lost)


def _package(model: Model, server: McpServer) -> Node:
    surface = model.surfaces["mcp"]
    at = (*surface.origin, "env")
    variables = []
    for name, credential in model.credentials.items():
        first = _env(model, "key")
        key: dict[str, Any] = {
            "name": Text(variable_of_scheme(model, name, first), first.origin),
            "description": credential.description or f"The {credential.noun}",
            "isRequired": is_required(model, name),
            "isSecret": True,
        }
        variables.append(Node(key, origin=at))
    url = {
        "name": _env(model, "url"),
        "description": "Where the API is",
        "default": Text(model.api.server, ("api", "server")),
    }
    registry = server.registry
    version = {"version": server.package_version} if registry in VERSIONED else {}
    return Node(
        {
            "registryType": registry,
            "identifier": server.package,
            **version,
            "runtimeHint": RUNTIMES[registry],
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


TARGET = Target("MCP registry entry", ("mcp/server.json",), view, surface="mcp", part=DECLARED_SERVER)
