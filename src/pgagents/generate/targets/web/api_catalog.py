"""The API catalogue of a host: links to the descriptions of its API (RFC 9727), as a linkset (RFC 9264).

https://www.rfc-editor.org/rfc/rfc9727 and rfc9264, relations of RFC 8631 and RFC 6903; read 2026-11-21.
"""

from __future__ import annotations

from typing import Any

from pgagents.base.places import Node, Text
from pgagents.catalogue.model.model import Model
from pgagents.generate.addresses import (
    AI_CATALOG,
    API_CATALOG,
    CARD_TYPE,
    LLMS,
    OPENAPI,
    SERVER_CARD,
    find_hosted_url,
    media_of,
)
from pgagents.generate.target import Target, View


def view(model: Model) -> View:
    """Return the links of the API, and those of its MCP server if the server's card is hosted."""
    found: dict[str, Any] = {"anchor": Text(model.api.server, ("api", "server"))}
    for relation, files in (("service-desc", OPENAPI), ("service-meta", (AI_CATALOG, LLMS))):
        links = [_link(model, file) for file in files if file in model.api.hosted]
        if links:
            found[relation] = links
    pages = (("service-doc", "docs"), ("terms-of-service", "terms"), ("privacy-policy", "privacy"))
    for relation, member in pages:
        if getattr(model.api, member):
            found[relation] = [Node({"href": model.text("api", member)}, origin=("api", member))]
    contexts = [Node(found, origin=("api",))]
    surface = model.surfaces.get("mcp")
    server = surface.mcp_server if surface is not None else None
    if server is not None and server.url and SERVER_CARD in model.api.hosted:
        at = ("api", "hosted", SERVER_CARD)
        card = {"href": find_hosted_url(model, Text(SERVER_CARD, at)), "type": CARD_TYPE}
        about = {"anchor": server.url, "service-desc": [Node(card, origin=at)]}
        contexts.append(Node(about, origin=server.origin))
    return View({"linkset": contexts})


def _link(model: Model, file: str) -> Node:
    at = ("api", "hosted", file)
    media = media_of(file).partition(";")[0]
    return Node({"href": find_hosted_url(model, Text(file, at)), "type": media}, origin=at)


TARGET = Target("API catalogue", (API_CATALOG,), view, part="api.hosted", lists_actions=False)
