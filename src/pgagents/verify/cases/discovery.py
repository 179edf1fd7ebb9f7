"""Documents that agents look for: the paths, the rules of their specifications, and how they are fetched.

A document is fetched without a key, and through redirects on the same host.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from urllib.parse import urljoin, urlsplit

from pgagents.catalogue.model.model import Model
from pgagents.report.contract import Verdict
from pgagents.verify.judgement import Judgement
from pgagents.verify.promise import Trial
from pgagents.verify.setting import Setting
from pgagents.verify.wire.asking import ask
from pgagents.verify.wire.call import Call, Raw
from pgagents.verify.wire.exchange import Exchange

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


# -- a public document, fetched as an agent does


REDIRECTS = (301, 302, 303, 307, 308)
MOST_HOPS = 3


def fetch(
    setting: Setting,
    path: str,
    why: str,
    *,
    method: str = "GET",
    headers: tuple[tuple[str, str], ...] = (),
    accept: str = "*/*",
) -> tuple[Exchange, str]:
    """Fetch a path of the target, once a run. A redirect to another host is not followed, but returned."""
    for _ in range(MOST_HOPS):
        exchange = ask(
            Call(
                None,
                {},
                "document",
                why,
                role="",
                raw=Raw(method, path, (("Accept", accept), *headers)),
                reuse="ever",
            )
        )
        if exchange.status not in REDIRECTS:
            break
        onward = find_path(setting, exchange.header("Location") or "", path, machine=True)
        if not onward or onward == path:
            break
        path = onward
    return exchange, path


def find_https(setting: Setting, exchange: Exchange) -> str:
    """Return the https address of the target's own host to which an http answer redirects; empty without one.

    Many hosts redirect every http call like this. A run calls only the address that it was given.
    """
    if exchange.status not in REDIRECTS or setting.https:
        return ""
    try:
        onward, target = urlsplit(exchange.header("Location") or ""), urlsplit(setting.url)
        port = f":{onward.port}" if onward.port not in (None, 443) else ""
    except ValueError:
        return ""
    same = onward.scheme == "https" and onward.hostname == target.hostname
    return f"https://{onward.hostname}{port}" if same else ""


def find_other_host(setting: Setting, exchange: Exchange) -> str:
    """Return the other host to which an answer redirects, where this run does not look; empty without one."""
    try:
        onward, target = urlsplit(exchange.header("Location") or ""), urlsplit(setting.url)
    except ValueError:
        return ""
    elsewhere = exchange.status in REDIRECTS and onward.hostname not in (None, target.hostname)
    return str(onward.hostname) if elsewhere else ""


def judge_over_https(trial: Trial, address: str) -> Judgement:
    """Return the judgement that a contract is not selected, because the document is only at the https
    address.
    """
    reason = f"the host sends http to https: give --url {address}"
    return Judgement(trial.contract, Verdict.NOT_SELECTED, reason)
