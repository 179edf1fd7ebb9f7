"""An access token of OAuth 2.0.

With client credentials the secret is `client_id:client_secret`, which is exchanged for a token (RFC 6749,
4.4). If only users sign in (4.1), the secret is the access token itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pgagents.base.http import is_exposed
from pgagents.catalogue.model.credential import (
    AUTHORIZATION,
    Credential,
    Kind,
    Misuse,
    TokenExchange,
    list_common,
)

_URL = re.compile(r"(https?://[^\s/?#]+|/)[^\s?#]*\Z")
_EXAMPLE = "`flows: {client_credentials: {token_url: https://…}}`"


def _make(name: str, scheme: Mapping[str, Any]) -> Credential:
    flow = scheme["flows"].get("client_credentials")
    common = {**list_common(scheme), "by_users": bool(scheme["flows"].get("authorization_code"))}
    form = (name, "oauth2", AUTHORIZATION, "Bearer ", {"type": "oauth2"})
    if flow is None:
        how = "as a bearer token, which a user's sign-in gives"
        return Credential(*form, noun="access token", how=how, any_case=True, **common)
    exchange = TokenExchange(
        str(flow["token_url"]),
        dict(flow.get("scopes") or {}),
        flow.get("audience") or "",
        in_body=flow.get("client_in") == "body",
    )
    return Credential(
        *form,
        noun="client_id:client_secret",
        how="as a bearer token, for which client_id and client_secret are exchanged",
        any_case=True,
        exchange=exchange,
        **common,
    )


def _read_openapi(scheme: Mapping[str, Any]) -> dict[str, Any] | None:
    if scheme.get("type") != "oauth2":
        return None
    written = scheme.get("flows")
    flows = written if isinstance(written, Mapping) else {}
    by_swagger = {"application": "clientCredentials", "accessCode": "authorizationCode"}
    if (flow := by_swagger.get(str(scheme.get("flow")))) is not None:  # Swagger 2.0
        flows = {flow: scheme}
    made = {
        "client_credentials": _read_flow(flows.get("clientCredentials"), "tokenUrl"),
        "authorization_code": _read_flow(flows.get("authorizationCode"), "authorizationUrl", "tokenUrl"),
    }
    found = {name: flow for name, flow in made.items() if flow is not None}
    return {"flows": found} if found else None


def _read_flow(flow: Any, *urls: str) -> dict[str, Any] | None:
    """Return a flow in the catalogue's words; None if an endpoint is missing or does not use TLS."""
    if not isinstance(flow, Mapping):
        return None
    made: dict[str, Any] = {}
    for name in urls:
        url = flow.get(name)
        if not isinstance(url, str) or not _URL.match(url) or _is_plain(url):
            return None
        made[f"{name.removesuffix('Url')}_url"] = url
    scopes = flow.get("scopes")
    texts = scopes if isinstance(scopes, Mapping) else {}
    read = {str(scope): " ".join(str(text).split()) or str(scope) for scope, text in texts.items() if scope}
    return {**made, "scopes": read} if read or len(urls) > 1 else made


def _is_plain(url: str) -> bool:
    return url.startswith("http://") and is_exposed(url)


def _find_misuses(scheme: Mapping[str, Any]) -> Iterator[Misuse]:
    flows = {name: flow for name, flow in (scheme.get("flows") or {}).items() if flow}
    for flow in flows.values():
        if any(isinstance(url, str) and key.endswith("_url") and _is_plain(url) for key, url in flow.items()):
            yield Misuse("flows", "the token endpoint has no TLS, and secrets go there", "write https://…")
    if not flows:
        yield Misuse("", "an OAuth 2.0 scheme needs `flows`, by which a token is got", _EXAMPLE)


KIND = Kind(_make, _read_openapi, "an OAuth 2.0 token", ("flows",), _find_misuses)
