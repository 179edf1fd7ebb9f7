"""The server's entry in the MCP registry: `server.json`, schema 2025-12-11.

https://github.com/modelcontextprotocol/registry/tree/main/docs/reference/server-json, read 2026-11-20.
"""

from __future__ import annotations

from typing import Any

from pgagents.generate.openapi.address import reverse_domain, with_extra
from pgagents.generate.target import Target, View
from pgagents.model.action import Action
from pgagents.model.identity import variable_of_scheme
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
    variables = []
    for name, credential in model.credentials.items():
        first = _env(model, "key")
        key: dict[str, Any] = {
            "name": Text(variable_of_scheme(model, name, first), first.origin),
            "description": credential.description or f"The {credential.noun}",
            "isRequired": any(_cannot_do_without(a, name) for a in model.surfaces["mcp"].actions),
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


def _cannot_do_without(action: Action, scheme: str) -> bool:
    """True if each way to call an action has this scheme."""
    return bool(action.security) and all(scheme in one for one in action.security)


def _env(model: Model, which: str) -> Text:
    surface = model.surfaces["mcp"]
    ours = {"key": "API_KEY", "url": "API_URL"}
    return Text(
        surface.env.get(which) or f"{model.api.id.upper()}_{ours[which]}", (*surface.origin, "env", which)
    )


TARGET = Target("MCP registry entry", ("mcp/server.json",), view, surface="mcp")
