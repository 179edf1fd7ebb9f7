"""Look at the public side of a submission as a store does: without a key, within limits, only over https."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import urljoin, urlsplit

from pgagents.base.http import Handler, Request, Response, Silence, json_bytes, read_json
from pgagents.base.places import Pointer
from pgagents.catalogue.model.credential import PKCE
from pgagents.catalogue.model.listing import Listing
from pgagents.catalogue.model.model import Model
from pgagents.submit.store import Lack, Store

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
            return "it is not a URL"
        if parts.scheme != "https":
            return "it does not begin with https://"
        if "@" in parts.netloc or not host:
            return "it names a user or no host"
        return "" if self._is_public(host) else f"{host} is not a host that the public can reach"

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


# -- public hosts


@lru_cache(maxsize=64)
def is_public(host: str) -> bool:
    """True if a name has public addresses, and no others."""
    try:
        found = socket.getaddrinfo(host.strip("[]"), 443, type=socket.SOCK_STREAM)
        addresses = {ipaddress.ip_address(str(one[4][0]).partition("%")[0]) for one in found}
    except (OSError, UnicodeError, ValueError):
        return False
    return bool(addresses) and all(one.is_global for one in addresses)


@lru_cache(maxsize=16)
def reach(base: str) -> Handler:
    """Return a client for a base URL that sends no key and no additional header."""
    from pgagents.verify.wire.send import Client

    return Client(base, max_bytes=MAX_BYTES, timeout_s=TIMEOUT_S)


# -- addresses in the package


def check_kind(model: Model, store: Store) -> Iterator[Lack]:
    """Yield a finding if a store connects to hosted servers only, and the catalogue has none."""
    server = model.mcp_server
    if store.hosted and (server is None or not server.url):
        origin = model.surfaces["mcp"].origin if server is None else server.origin
        message = f"{store.title} connects to a hosted MCP server only, and the catalogue names none"
        help = "host it (`pgagents mcp --http`), and write `server: {url: https://…, version: …}`"
        yield Lack("address", origin, message, help)


def check_addresses(model: Model, visitor: Visitor, url: str, mcp_url: str) -> Iterator[Lack]:
    """Yield addresses that are not public, and those that differ from the package's."""
    server = model.mcp_server
    at: Pointer = ("api", "server")
    named = [(str(model.api.server), url, at, "API")]
    if server is not None and server.url:
        named.append((str(server.url), mcp_url, server.origin, "MCP server"))
    for written, proved, origin, what in named:
        if why := visitor.find_private(written):
            yield Lack("address", origin, f"the {what}'s address {written} is not public: {why}")
        elif written.rstrip("/") != proved.rstrip("/"):
            message = f"the {what} was proved at {proved or 'no address'}, and the package names {written}"
            yield Lack("address", origin, message, "prove the server that the store will call")


# -- proof of the domain


_TOKEN = re.compile(rb"[\x21-\x7e]{8,500}")


def check_challenge(model: Model, store: Store, visitor: Visitor, mcp_url: str, token: str) -> Iterator[Lack]:
    """Yield a finding if the host of the MCP server does not answer with the token.

    If `token` is empty, any single token is accepted, because only the store knows the right one.
    """
    if not store.challenge:
        return
    server = model.mcp_server
    origin = server.origin if server is not None else model.surfaces["mcp"].origin
    url = urljoin(mcp_url, store.challenge)
    visit = visitor.get(url, "text/plain")
    help = "put the token of the store's form there, as plain text and nothing else"
    if visit.problem or visit.answer is None:
        yield Lack("challenge", origin, f"{url} does not prove the domain: {visit.problem}", help)
        return
    body = visit.answer.body.strip()
    if not _TOKEN.fullmatch(body) or body[:1] in b'{["<':
        yield Lack("challenge", origin, f"{url} does not prove the domain: it is not a single token", help)
    elif token and body != token.encode():
        message = f"{url} does not prove the domain: it has another token than --challenge"
        yield Lack("challenge", origin, message, help)


# -- pages in a listing


LEAST_CHARACTERS = 20
READABLE = ("text/", "application/xhtml+xml", "application/pdf")


def check_pages(listing: Listing, store: Store, visitor: Visitor) -> Iterator[Lack]:
    """Yield each page of the listing that is missing or unreadable."""
    for member in store.pages:
        url = getattr(listing, member)
        origin = getattr(url, "origin", None) or (*listing.origin, member)
        if not url:
            yield Lack("page", origin, f"the listing has no page `{member}`", f"add `{member}:` with its URL")
        elif why := _find_problem(visitor, str(url)):
            yield Lack("page", origin, f"the page `{member}` at {url} cannot be read: {why}")


def _find_problem(visitor: Visitor, url: str) -> str:
    visit = visitor.get(url, "text/html, */*;q=0.5")
    if visit.problem or visit.answer is None:
        return visit.problem
    kind = (visit.answer.header("content-type") or "").lower()
    if not kind.startswith(READABLE):
        return f"its media type is {kind[:60] or 'not said'}"
    return "" if len(visit.answer.body.strip()) >= LEAST_CHARACTERS else "it is empty"


# -- sign-in at the MCP server


REFUSED = 401
MOST_SERVERS = 5
_NAMED = re.compile(r'resource_metadata="([^"]{1,2000})"')
_METADATA = ("authorization_endpoint", "token_endpoint")
_HELP = (
    "offer OAuth on the MCP server: authorization code with PKCE, protected-resource metadata, and a way to "
    "register clients (`pgagents mcp --http --issuer URL`)"
)


def check_sign_in(model: Model, store: Store, visitor: Visitor, mcp_url: str) -> Iterator[Lack]:
    """Yield the missing parts of a sign-in, for a store that connects by OAuth or without sign-in."""
    if store.keys:
        return
    server = model.mcp_server
    origin = server.origin if server is not None else model.surfaces["mcp"].origin
    for problem in _find_problems(visitor, mcp_url):
        yield Lack("sign_in", origin, f"{store.title} cannot sign in at {mcp_url}: {problem}", _HELP)


def _find_problems(visitor: Visitor, mcp_url: str) -> Iterator[str]:
    if why := visitor.find_private(mcp_url):
        yield why
        return
    asked = json_bytes({"jsonrpc": "2.0", "id": 1, "method": "tools/list"})
    headers = (("Content-Type", "application/json"), ("Accept", "application/json, text/event-stream"))
    answer = visitor.send(mcp_url, Request("POST", "/", headers, asked))
    if isinstance(answer, Silence):
        yield f"a call without a token gets no answer ({answer.kind})"
    elif answer.status == REFUSED:
        yield from _find_in_refusal(visitor, mcp_url, answer)
    elif answer.status == 403 or answer.status >= 500:
        yield f"a call without a token is {answer.status}, and not 401 with the way to sign in"


def _find_in_refusal(visitor: Visitor, mcp_url: str, refusal: Response) -> Iterator[str]:
    told = _NAMED.search(refusal.header("WWW-Authenticate") or "")
    parts = urlsplit(mcp_url)
    usual = f"{parts.scheme}://{parts.netloc}/.well-known/oauth-protected-resource{parts.path.rstrip('/')}"
    data, why = _read(visitor, told.group(1) if told else usual)
    if data is None:
        named = "the metadata that its 401 names" if told else "the metadata of the protected resource"
        yield f"it takes a key alone: {named} cannot be read ({why})"
        return
    if str(data.get("resource", "")).rstrip("/") != mcp_url.rstrip("/"):
        yield f"its metadata are for another resource, {str(data.get('resource'))[:200]}"
    servers = data.get("authorization_servers")
    issuers = [one for one in servers if isinstance(one, str)] if isinstance(servers, list) else []
    if not issuers:
        yield "its metadata name no authorization server"
    for issuer in issuers[:MOST_SERVERS]:
        yield from _find_in_issuer(visitor, issuer)


def _find_in_issuer(visitor: Visitor, issuer: str) -> Iterator[str]:
    tried = [_read(visitor, url) for url in _list_places(issuer)]
    data = next((found for found, _ in tried if found is not None), None)
    if data is None:
        why = tried[0][1] if tried else "it is not a URL"
        yield f"the metadata of the authorization server {issuer[:200]} cannot be read ({why})"
        return
    if str(data.get("issuer")).rstrip("/") != issuer.rstrip("/"):  # pydantic adds a slash to each host
        yield f"the authorization server calls itself {str(data.get('issuer'))[:200]}, not {issuer[:200]}"
    for member in _METADATA:
        endpoint = data.get(member)
        if not isinstance(endpoint, str) or visitor.find_private(endpoint):
            yield f"the authorization server names no public `{member}`"
    methods = data.get("code_challenge_methods_supported")
    if not isinstance(methods, list) or PKCE not in methods:
        yield f"the authorization server does not say that it takes PKCE with {PKCE}"


def _list_places(issuer: str) -> list[str]:
    """Return the possible places of an issuer's metadata (RFC 8414, 3.1; OpenID Connect Discovery, 4)."""
    try:
        parts = urlsplit(issuer)
    except ValueError:
        return []
    base, path = f"{parts.scheme}://{parts.netloc}", parts.path.rstrip("/")
    return [
        f"{base}/.well-known/oauth-authorization-server{path}",
        f"{base}/.well-known/openid-configuration{path}",
        f"{base}{path}/.well-known/openid-configuration",
    ]


def _read(visitor: Visitor, url: str) -> tuple[Mapping[str, Any] | None, str]:
    visit = visitor.get(url, "application/json")
    if visit.problem or visit.answer is None:
        return None, visit.problem
    value = read_json(visit.answer.body).value
    return (value, "") if isinstance(value, Mapping) else (None, "it is not a JSON object")
