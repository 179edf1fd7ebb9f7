"""The paths at which agents look for documents, and the rules of the documents' specifications."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from urllib.parse import urljoin, urlsplit

from pgagents.model.model import Model
from pgagents.verify.check.setting import Setting

AI_CATALOG, ARD = "web/ai-catalog.json", "web/ard.json"
API_CATALOG, LLMS = "web/api-catalog.json", "web/llms.txt"
SERVER_CARD, SKILLS_INDEX = "mcp/server-card.json", "web/agent-skills.json"
HOME, ROBOTS = "/", "/robots.txt"


@dataclass(frozen=True, slots=True)
class Place:
    """A document that agents look for.

    `path` is where they look; empty if it may be anywhere. `media` are its media types, the right one first.
    `typed` is true if the specification requires that type, `open` if it requires that any web page may read
    the document. If false, both are only recommended.
    """

    path: str
    media: tuple[str, ...]
    typed: bool = False
    open: bool = False


PLACES: Mapping[str, Place] = MappingProxyType(
    {
        AI_CATALOG: Place("/.well-known/ai-catalog.json", ("application/ai-catalog+json",)),
        ARD: Place("/.well-known/ard.json", ("application/ai-catalog+json",)),
        API_CATALOG: Place("/.well-known/api-catalog", ("application/linkset+json",), typed=True),
        SERVER_CARD: Place("", ("application/mcp-server-card+json",), open=True),
        SKILLS_INDEX: Place("/.well-known/agent-skills/index.json", ("application/json",)),
        LLMS: Place("/llms.txt", ("text/plain", "text/markdown")),
    }
)
"""The places by the file's path in the output folder.

Sources: ARD 0.91 (6.1), MCP server cards (docs/discovery.md), RFC 9727 (2 and 4), llmstxt.org; read
2026-11-21.
"""


def list_hosted(model: Model) -> dict[str, str]:
    """Return the paths of the hosted documents that agents look for, by file."""
    return {file: str(model.api.hosted[file]) for file in PLACES if file in model.api.hosted}


def find_path(setting: Setting, link: str, page: str, *, machine: bool) -> str:
    """Return path and query of a link in the page at `page`; empty if this run does not follow the link.

    A link leads to the target if it names the target's host, or no host. A link to the catalogue's server is
    followed at the target if it leads to a document there, or if it is for programs (`machine`). The target
    may lack that server's pages for people. No other host is ever called.
    """
    target = _origin(setting.url)
    try:
        whole = urljoin(setting.url.rstrip("/") + page, link)
        parts = urlsplit(whole)
        at = _origin(whole)
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or "@" in parts.netloc:
        return ""
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    prefix = urlsplit(setting.url).path.rstrip("/")
    if at == target:
        own = path.startswith(f"{prefix}/")
        return path.removeprefix(prefix) if own else ""
    server = str(setting.model.api.server).rstrip("/")
    if at != _origin(server) or not path.startswith(f"{urlsplit(server).path}/"):
        return ""
    path = path.removeprefix(urlsplit(server).path)
    return path if machine or path in setting.model.api.hosted.values() else ""


def _origin(url: str) -> tuple[str, str, int | None]:
    """Return scheme, host and port of a URL in a comparable form. Raises ValueError for an invalid port."""
    parts = urlsplit(url)
    usual = {"http": 80, "https": 443}.get(parts.scheme)
    return parts.scheme, (parts.hostname or "").lower(), parts.port or usual


def at_root(setting: Setting) -> bool:
    """True if the target's base URL has no path, so that the host's own paths can be requested."""
    return not urlsplit(setting.url).path.strip("/")
