"""The AI catalogue of a host, by which agents and registries find its MCP server (ARD 0.91).

https://github.com/ards-project/ard-spec/blob/5fa2f5a/spec/ard.md, read 2026-11-21. The same document is
written as ai-catalog.json and as ard.json, because sources disagree on the name.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from pgagents.base.places import Node, Text
from pgagents.catalogue.model.model import Model
from pgagents.generate.addresses import AI_CATALOG, ARD, CARD_TYPE, SERVER_CARD, find_hosted_url
from pgagents.generate.mcp_servers import HOSTED_SERVER, make_card
from pgagents.generate.target import Target, View

FEWEST_QUERIES, MOST_QUERIES = 2, 5


def view(model: Model) -> View:
    """Return the host and its entries.

    An entry has the URL of the server card if the card is hosted; otherwise it contains the card.
    """
    host = urlsplit(model.api.server).hostname or "localhost"
    title = model.text("api", "title")
    about: dict[str, Any] = {"displayName": title, "identifier": Text(host, ("api", "server"))}
    if model.api.docs:
        about["documentationUrl"] = model.text("api", "docs")
    return View({"host": Node(about, origin=("api",)), "entries": [_make_entry(model, host)]})


def _make_entry(model: Model, host: str) -> Node:
    surface = model.surfaces["mcp"]
    server = surface.mcp_server
    assert server is not None
    entry: dict[str, Any] = {
        "identifier": Text(f"urn:air:{host}:mcp:{server.name}", surface.origin),
        "displayName": surface.title or model.text("api", "title"),
        "type": CARD_TYPE,
    }
    if SERVER_CARD in model.api.hosted:
        entry["url"] = find_hosted_url(model, Text(SERVER_CARD, ("api", "hosted", SERVER_CARD)))
    else:
        entry["data"] = make_card(model)
    entry["description"] = surface.description or model.text("api", "for_people")
    if queries := _list_queries(model):
        entry["representativeQueries"] = queries
    entry["version"] = server.version
    return Node(entry, origin=surface.origin)


def _list_queries(model: Model) -> list[Text]:
    """Return two to five requests of people, from the first surface with enough starters."""
    own = model.surfaces["mcp"]
    for surface in (own, *(each for each in model.surfaces.values() if each is not own)):
        if len(surface.starters) >= FEWEST_QUERIES:
            return list(surface.starters[:MOST_QUERIES])
    return []


TARGET = Target(
    "AI catalogue", (AI_CATALOG, ARD), view, surface="mcp", part=HOSTED_SERVER, lists_actions=False
)
