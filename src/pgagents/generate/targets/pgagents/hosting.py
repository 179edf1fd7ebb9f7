"""The list of hosted files with URL, media type and headers, and the links to them for the host's pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pgagents.base.places import Text
from pgagents.catalogue.model.model import Model
from pgagents.generate.addresses import AI_CATALOG, API_CATALOG, DISCOVERABLE, list_links, media_of
from pgagents.generate.target import Target, View

PUBLIC = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "ETag",
    "Cache-Control": "public, max-age=3600",
}
"""Headers of a document that agents in browsers read too (MCP server cards, "CORS Requirements")."""


@dataclass(frozen=True, slots=True)
class Hosted:
    """One public document; `headers` are sent with it beside its Content-Type."""

    file: Text
    url: Text
    content_type: str
    headers: Mapping[str, str]


def view(model: Model) -> View:
    """Return the entries of `api.hosted` with complete URLs, and the links of the host's pages."""
    server = model.api.server.rstrip("/")
    declared = {h.name for h in model.headers if "all" in h.on}  # hosted documents get these headers too
    files = []
    for path, at in model.api.hosted.items():
        origin = ("api", "hosted", path)
        headers = {n: v for n, v in PUBLIC.items() if n not in declared} if path in DISCOVERABLE else {}
        if path == API_CATALOG:
            headers["Link"] = f'<{at}>; rel="api-catalog"'
        files.append(Hosted(Text(path, origin), Text(server + at, origin), media_of(path), headers))
    return View({"files": files, "links": _describe_links(model)})


def _describe_links(model: Model) -> dict[str, Any]:
    """Return the Link header and the link elements of the host's pages, and the line of its robots.txt. They
    are empty if there is nothing to link to.
    """
    links = list(list_links(model))
    if not any(link.relation != "service-desc" for link in links):
        return {}
    found: dict[str, Any] = {
        "header": ", ".join(f'<{one.path}>; rel="{one.relation}"; type="{one.media}"' for one in links),
        "html": [f'<link rel="{one.relation}" type="{one.media}" href="{one.path}">' for one in links],
    }
    if AI_CATALOG in model.api.hosted:
        found["robots"] = f"Agentmap: {model.api.server.rstrip('/')}{model.api.hosted[AI_CATALOG]}"
    return found


TARGET = Target("Hosting", ("pgagents/hosting.json",), view, part="api.hosted")
