"""The sign-in at the MCP server, as a store sees it without a key: OAuth by its metadata, or none.

A server that needs a key refuses, and names its metadata (RFC 9728). These name an authorization server that
has metadata of its own (RFC 8414, or OpenID Connect Discovery). MCP asks for PKCE with S256.
https://modelcontextprotocol.io/specification/2025-11-25/basic/authorization, read 2026-11-21.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from pgagents.http import Request, Response, Silence, json_bytes, read_json
from pgagents.model.code_flow import PKCE
from pgagents.model.model import Model
from pgagents.submit.lack import Lack
from pgagents.submit.public.fetching import Visitor
from pgagents.submit.store import Store

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
        why = tried[0][1] if tried else "it is no URL"
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
    return (value, "") if isinstance(value, Mapping) else (None, "it is no JSON object")
