"""Metadata for discovery: RFC 8414 for the authorization server, RFC 9728 for the API, and their
challenge.
"""

from __future__ import annotations

from typing import Any

from pgagents.model.code_flow import PKCE

METHODS = ["client_secret_post", "client_secret_basic", "none"]


def server(oauth: Any, base: str) -> dict[str, Any]:
    """Return the metadata of the authorization server at `base`."""
    found = {
        "issuer": base,
        "authorization_endpoint": base + oauth.authorize,
        "token_endpoint": base + oauth.token,
        "scopes_supported": list(oauth.scopes),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", *(["refresh_token"] if oauth.refresh_s else [])],
        "token_endpoint_auth_methods_supported": METHODS,
        **({"code_challenge_methods_supported": [PKCE]} if oauth.pkce_binds else {}),
        "authorization_response_iss_parameter_supported": True,
    }
    if oauth.revoke:
        found |= {
            "revocation_endpoint": base + oauth.revoke,
            "revocation_endpoint_auth_methods_supported": METHODS,
        }
    return found


def resource(oauth: Any, title: str, base: str) -> dict[str, Any]:
    """Return the metadata of the API at `base`."""
    return {
        "resource": base,
        "resource_name": title,
        "authorization_servers": [base],
        "scopes_supported": list(oauth.scopes),
        "bearer_methods_supported": ["header"],
    }


def challenge(oauth: Any, base: str, *, error: str | None = None, scope: str | None = None) -> str:
    """Return the value of WWW-Authenticate.

    `error` is a code of RFC 6750; None if the call had no token (section 3.1). With `resource_metadata` a
    client without configuration finds the metadata (RFC 9728, 5.1).
    """
    known = oauth.resource_metadata if oauth else None
    found = {"error": error, "scope": scope, "resource_metadata": base + known if known else None}
    said = ", ".join(f'{name}="{value}"' for name, value in found.items() if value)
    return f"Bearer {said}".rstrip()
