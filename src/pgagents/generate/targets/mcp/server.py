"""The server's entry in the MCP registry: `server.json`, schema 2025-12-11.

https://github.com/modelcontextprotocol/registry/tree/main/docs/reference/server-json, read 2026-11-20.
"""

from __future__ import annotations

from typing import Any

from pgagents.generate.openapi.address import reverse_domain, with_extra
from pgagents.generate.target import Target, View
from pgagents.model.model import McpServer, Model
from pgagents.source.origin import Node, Text

RUNTIMES = {"npm": "npx", "pypi": "uvx", "oci": "docker"}
"""What starts a package of each registry."""


def view(model: Model) -> View:
    """Return name, texts, and how the `mcp` surface's server is reached: by its package, its URL, or both.

    The surface's `extra` replaces or adds members, such as `repository`.
    """
    surface = model.surfaces["mcp"]
    server = surface.mcp_server
    assert server is not None
    named = server.name
    members: dict[str, Any] = {
        "name": Text(f"{reverse_domain(model)}/{named}", getattr(named, "origin", ("api", "server"))),
        "title": surface.title or model.text("api", "title"),
        "description": surface.description or model.text("api", "for_people"),
        "version": server.version,
        "websiteUrl": model.text("api", "docs") or model.text("api", "server"),
        "packages": [_package(model, server)] if server.package or not server.url else None,
        "remotes": [_remote(model, server)] if server.url else None,
    }
    return View(with_extra(Node(members, origin=surface.origin), surface))


def _remote(model: Model, server: McpServer) -> Node:
    """Return the hosted server's URL, with the header that carries the key if it takes one."""
    members: dict[str, Any] = {"type": server.transport, "url": server.url}
    credential = model.credential
    if server.keyed and credential is not None:
        header: dict[str, Any] = {
            "name": credential.header,
            "description": credential.description or f"The {credential.noun}",
            "isRequired": True,
            "isSecret": True,
        }
        if credential.framed or credential.lead:
            header["value"] = credential.wrap("{key}")
            header["variables"] = {"key": {"isRequired": True, "isSecret": True}}
        members["headers"] = [Node(header, origin=credential.origin)]
    return Node(members, origin=server.origin)


def _package(model: Model, server: McpServer) -> Node:
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
    registry = server.registry or "npm"
    version = {} if registry == "oci" else {"version": server.version}  # an image names its own
    return Node(
        {
            "registryType": registry,
            "identifier": server.package or server.name,
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


TARGET = Target("MCP registry entry", ("mcp/server.json",), view, surface="mcp")
