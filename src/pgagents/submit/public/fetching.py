"""Read a public page as a store does: without a key, within limits, and only over https.

A store's reviewer follows redirects, so up to three are followed here. Nothing secret is ever sent.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from pgagents.http import Handler, Request, Response, Silence

REDIRECTS = (301, 302, 303, 307, 308)
MOST_HOPS = 3
MAX_BYTES = 1_000_000
TIMEOUT_S = 15.0

Reach = Callable[[str], Handler]
"""A function that returns a handler for a base URL.

The handler sends no key, and reads at most `MAX_BYTES` in `TIMEOUT_S`.
"""
IsPublic = Callable[[str], bool]
"""A function that returns whether a host name has public addresses only."""


@dataclass(frozen=True, slots=True)
class Visit:
    """The answer at the end of a URL's redirects. Without a usable answer, `problem` says why."""

    url: str
    answer: Response | None
    problem: str


class Visitor:
    """Fetches public URLs, each once."""

    def __init__(self, reach: Reach, is_public: IsPublic) -> None:
        self._reach, self._is_public = reach, is_public
        self._seen: dict[str, Visit] = {}

    def find_private(self, url: str) -> str:
        """Return why a URL is not a public https address; empty if it is one."""
        try:
            parts = urlsplit(url)
            host, _ = parts.hostname or "", parts.port
        except ValueError:
            return "it is no URL"
        if parts.scheme != "https":
            return "it does not begin with https://"
        if "@" in parts.netloc or not host:
            return "it names a user or no host"
        return "" if self._is_public(host) else f"{host} is no host that the public can reach"

    def get(self, url: str, accept: str = "*/*") -> Visit:
        """Fetch a URL. Redirects to public URLs are followed."""
        if url not in self._seen:
            self._seen[url] = self._follow(url, accept)
        return self._seen[url]

    def _follow(self, url: str, accept: str) -> Visit:
        at = url
        for _ in range(MOST_HOPS + 1):
            if why := self.find_private(at):
                return Visit(at, None, why if at == url else f"it leads to {at[:200]}: {why}")
            answer = self.send(at, Request("GET", "/", (("Accept", accept),)))
            if isinstance(answer, Silence):
                return Visit(at, None, f"no answer: {answer.kind}")
            onward = answer.header("Location") if answer.status in REDIRECTS else None
            if not onward:
                return Visit(at, answer, "" if answer.status == 200 else f"it answers {answer.status}")
            try:
                at = urljoin(at, onward)
            except ValueError:
                return Visit(at, None, "it leads to no URL")
        return Visit(at, None, f"it redirects more than {MOST_HOPS} times")

    def send(self, url: str, request: Request) -> Response | Silence:
        """Send a request to a public URL. The URL's path and query replace the request's own."""
        from dataclasses import replace

        parts = urlsplit(url)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return self._reach(f"{parts.scheme}://{parts.netloc}")(replace(request, target=target))
