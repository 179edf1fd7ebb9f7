"""Name the addresses of generated documents: URLs, and the paths by which agents find an API."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from pgagents.base.places import Node, Pointer, Text
from pgagents.catalogue.model.model import Model
from pgagents.catalogue.model.surface import Surface

AI_CATALOG, ARD = "web/ai-catalog.json", "web/ard.json"
API_CATALOG, LLMS = "web/api-catalog.json", "web/llms.txt"
SERVER_CARD = "mcp/server-card.json"
SKILLS_INDEX, SKILL_FILES = "web/agent-skills.json", "agent_plugin/skills/*/SKILL.md"
AI_CATALOG_TYPE = "application/ai-catalog+json"
CARD_TYPE = "application/mcp-server-card+json"
LINKSET_TYPE = 'application/linkset+json; profile="https://www.rfc-editor.org/info/rfc9727"'
OPENAPI = (
    "openapi/openapi.json",
    "openapi/openapi.yaml",
    "openai/openapi.json",
    "openai/openapi.yaml",
    "copilot/openapi-3.0.yaml",
)
"""The files that describe the API in OpenAPI, the preferred one first."""


@dataclass(frozen=True, slots=True)
class Discoverable:
    """A document that agents look for. `path` is the only path where they look; empty if any path will do.

    `relation` is the relation of links to it; empty if pages do not link to it.
    """

    path: str
    media: str
    relation: str = ""


DISCOVERABLE: Mapping[str, Discoverable] = MappingProxyType(
    {
        AI_CATALOG: Discoverable("/.well-known/ai-catalog.json", AI_CATALOG_TYPE, "ai-catalog"),
        ARD: Discoverable("/.well-known/ard.json", AI_CATALOG_TYPE),
        API_CATALOG: Discoverable("/.well-known/api-catalog", LINKSET_TYPE, "api-catalog"),
        SERVER_CARD: Discoverable("", CARD_TYPE),
        SKILLS_INDEX: Discoverable("/.well-known/agent-skills/index.json", "application/json"),
        LLMS: Discoverable("/llms.txt", "text/plain; charset=utf-8"),
    }
)
"""The documents, by their file's path in the output folder.

Sources: ARD 0.91 (6.1), MCP server cards (docs/discovery.md, 2026-07-24), RFC 9727, llmstxt.org; for ard.json
Chrome's documentation of Lighthouse. All read 2026-11-21.
"""


@dataclass(frozen=True, slots=True)
class Link:
    """A link for the host's pages: its target, relation and media type."""

    path: str
    relation: str
    media: str


def list_links(model: Model) -> Iterator[Link]:
    """Yield the links that the host's pages should carry.

    They lead to the hosted catalogues, and to the first hosted OpenAPI document.
    """
    hosted = model.api.hosted
    for file, one in DISCOVERABLE.items():
        if one.relation and file in hosted:
            yield Link(str(hosted[file]), one.relation, one.media.partition(";")[0])
    described = next((file for file in OPENAPI if file in hosted), None)
    if described is not None:
        yield Link(str(hosted[described]), "service-desc", media_of(described))


def media_of(file: str) -> str:
    """Return the media type under which a generated file is served."""
    known = DISCOVERABLE.get(file)
    return known.media if known is not None else _BY_SUFFIX.get(file.rpartition(".")[2], _BYTES)


_BYTES = "application/octet-stream"
_BY_SUFFIX = {
    "json": "application/json",
    "yaml": "application/yaml",
    "md": "text/markdown; charset=utf-8",
    "txt": "text/plain; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "py": "text/x-python",
}


# -- URLs of documents, and additional members that a catalogue adds


def find_hosted_url(model: Model, document: str) -> Text:
    """Return the URL of a generated document, from its path in the output folder. Return any other text
    unchanged.
    """
    path = model.api.hosted.get(str(document))
    origin = document.origin if isinstance(document, Text) else ("api", "hosted")
    return Text(model.api.server + path, origin) if path else Text(document, origin)


def reverse_domain(model: Model) -> str:
    """Return the server's host in reverse order, as registries use it: `com.example` for
    `https://example.com`. An IP address has no such order: it is `localhost` then.
    """
    host = urlsplit(model.api.server).hostname or "localhost"
    if ":" in host or host.rpartition(".")[2].isdigit():
        host = "localhost"
    return ".".join(reversed(host.split(".")))


def with_extra(document: Node, surface: Surface) -> Node:
    """Add the surface's `extra` members to the document.

    `a.b` is the member `b` of `a`, which is created if missing. New members are also under `more`, for
    templates that name each known member.
    """
    at, own = (*surface.origin, "extra"), set(document)
    for dotted, value in surface.extra.items():
        *inside, last = dotted.split(".")
        place: dict[str, Any] = document
        for key in inside:
            place = place.setdefault(key, Node(origin=at))
        place[Text(last, (*at, dotted))] = _attach_origin(value, (*at, dotted))
    document["more"] = Node({key: value for key, value in document.items() if key not in own}, origin=at)
    return document


def _attach_origin(value: Any, origin: Pointer) -> Any:
    if isinstance(value, str):
        return Text(value, origin)
    return Node(value, origin=origin) if isinstance(value, dict) else value
