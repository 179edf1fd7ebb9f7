"""What a client finds out by itself: RFC 8414 about the authorization server, RFC 9728 about the API, and where a refusal points to."""

from __future__ import annotations

from typing import Any

METHODS = ["client_secret_post", "client_secret_basic", "none"]


def server(oauth: Any, base: str) -> dict[str, Any]:
    """The authorization server at `base`."""
    found = {
        "issuer": base,
        "authorization_endpoint": base + oauth.authorize,
        "token_endpoint": base + oauth.token,
        "scopes_supported": list(oauth.scopes),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", *(["refresh_token"] if oauth.refresh_s else [])],
        "token_endpoint_auth_methods_supported": METHODS,
        "code_challenge_methods_supported": [oauth.pkce],
        "authorization_response_iss_parameter_supported": True,
    }
    if oauth.revoke:
        found |= {"revocation_endpoint": base + oauth.revoke, "revocation_endpoint_auth_methods_supported": METHODS}
    return found


def resource(oauth: Any, title: str, base: str) -> dict[str, Any]:
    """The API at `base`, which that server gives tokens for."""
    return {
        "resource": base,
        "resource_name": title,
        "authorization_servers": [base],
        "scopes_supported": list(oauth.scopes),
        "bearer_methods_supported": ["header"],
    }


def challenge(oauth: Any, base: str, *, error: str | None = None, scope: str | None = None) -> str:
    """What WWW-Authenticate says: `error` as RFC 6750 names it, None where the call had no token at all (section 3.1).

    Where the API has metadata, a client that knows nothing of it finds them from here (RFC 9728, 5.1).
    """
    known = oauth.resource_metadata if oauth else None
    found = {"error": error, "scope": scope, "resource_metadata": base + known if known else None}
    said = ", ".join(f'{name}="{value}"' for name, value in found.items() if value)
    return f"Bearer {said}".rstrip()
