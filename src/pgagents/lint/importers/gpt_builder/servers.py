"""Choose the server that the builder accepts: one host over https, on the standard port."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from pgagents.lint.importers.gpt_builder.messages import say
from pgagents.lint.importers.messages import ImporterMessage


@dataclass(frozen=True, slots=True)
class Server:
    """A server with an absolute URL, its index in the list, and its origin as written."""

    index: int
    url: str
    host: str
    origin: str


def servers(data: dict[str, Any]) -> tuple[str | None, list[ImporterMessage]]:
    """Return the URL that is used, or None, and the builder's messages about the other servers."""
    written = data.get("servers")
    valid = [
        s
        for n, item in enumerate(written if isinstance(written, list) else ())
        if (s := _server(n, item)) is not None
    ]
    if not valid:
        return None, [say("no-valid-server", ("servers",) if "servers" in data else ())]
    root = f"https://{valid[0].host}"
    others = [s for s in valid if s.host != valid[0].host]
    here = [s for s in valid if s.host == valid[0].host]
    usable = [s for s in here if s.origin == root]
    said = [] if usable else [say("root-origin-none", ("servers",), root_origin=root)]
    said += [
        say("root-origin-one", ("servers", s.index), url=s.url, root_origin=root)
        for s in here
        if s.origin != root
    ]
    said += [say("multiple-hostnames", ("servers", s.index), url=s.url) for s in others]
    if len(usable) > 1:
        said.insert(0, say("multiple-servers", ("servers", usable[1].index), url=usable[0].url))
    return (usable[0].url if usable else None), said


def domain(url: str) -> str:
    """Return the host of a URL, which two actions of a GPT must not share."""
    return urlsplit(url).hostname or ""


def _server(index: int, item: Any) -> Server | None:
    url = item.get("url") if isinstance(item, dict) else None
    if not isinstance(url, str):
        return None
    try:
        parts = urlsplit(url.strip())
        host = parts.hostname
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not host:
        return None
    return Server(index, url, host, f"{parts.scheme}://{parts.netloc}")
