"""An access token of OAuth 2.0; the secret is `client_id:client_secret`, which is exchanged for it (RFC 6749,
4.4).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pgagents.http import is_exposed
from pgagents.model.credential import AUTHORIZATION, Credential, Kind, Misuse, TokenExchange, list_common


def _make(name: str, scheme: Mapping[str, Any]) -> Credential:
    flow = scheme["flows"]["client_credentials"]
    exchange = TokenExchange(
        str(flow["token_url"]),
        dict(flow.get("scopes") or {}),
        flow.get("audience") or "",
        in_body=flow.get("client_in") == "body",
    )
    return Credential(
        name,
        "oauth2",
        AUTHORIZATION,
        "Bearer ",
        {"type": "oauth2"},
        noun="client_id:client_secret",
        how="as a bearer token, for which client_id and client_secret are exchanged",
        any_case=True,
        exchange=exchange,
        **list_common(scheme),
    )


def _read_openapi(scheme: Mapping[str, Any]) -> dict[str, Any] | None:
    flows = scheme.get("flows")
    flow = flows.get("clientCredentials") if isinstance(flows, Mapping) else None
    if scheme.get("flow") == "application":  # Swagger 2.0
        flow = scheme
    if scheme.get("type") != "oauth2" or not isinstance(flow, Mapping):
        return None
    scopes, url = flow.get("scopes"), flow.get("tokenUrl")
    if not isinstance(url, str) or not url.startswith(("https://", "http://", "/")):
        return None
    if url.startswith("http://") and is_exposed(url):
        return None
    made: dict[str, Any] = {"token_url": url}
    if isinstance(scopes, Mapping) and scopes:
        made["scopes"] = {
            str(scope): " ".join(str(text).split()) or str(scope) for scope, text in scopes.items()
        }
    return {"flows": {"client_credentials": made}}


def _find_misuses(scheme: Mapping[str, Any]) -> Iterator[Misuse]:
    flow = (scheme.get("flows") or {}).get("client_credentials")
    if flow and str(flow["token_url"]).startswith("http://") and is_exposed(str(flow["token_url"])):
        yield Misuse("flows", "the token endpoint has no TLS, and secrets go there", "write https://…")
    if not flow:
        yield Misuse(
            "",
            "an OAuth 2.0 scheme needs `flows`, by which a token is got",
            "`flows: {client_credentials: {token_url: https://…}}`",
        )


KIND = Kind(_make, _read_openapi, "an OAuth 2.0 token by client credentials", ("flows",), _find_misuses)
