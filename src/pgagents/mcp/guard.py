"""Require a token from callers of a local server.

Otherwise other users of the machine could call with the operator's key.
"""

from __future__ import annotations

import hmac
import json
import secrets
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

TOKEN = "PGAGENTS_MCP_TOKEN"
"""The environment variable with the token. If it is not set, each start makes a new token."""
REALM = "pgagents mcp"


def new_token() -> str:
    """Return a random token."""
    return secrets.token_urlsafe(32)


class Guard:
    """Refuse a request without the token before anything else is read, so that it uses no session."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._token = token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or (scope["type"] == "http" and self._may(scope)):
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await self._refuse(scope, send)

    def _may(self, scope: Scope) -> bool:
        scheme, _, given = _authorization(scope).partition(b" ")
        return hmac.compare_digest(given.strip(), self._token) and scheme.lower() == b"bearer"

    async def _refuse(self, scope: Scope, send: Send) -> None:
        why = b', error="invalid_token"' if _authorization(scope) else b""
        body = json.dumps({"error": f"send the server's token: Authorization: Bearer (its {TOKEN})"}).encode()
        headers = [
            (b"www-authenticate", f'Bearer realm="{REALM}"'.encode() + why),
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            (b"connection", b"close"),
        ]
        await send({"type": "http.response.start", "status": 401, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def _authorization(scope: Scope) -> bytes:
    """Return the header's value; empty if there is none, or several of which any could count."""
    found = [value for name, value in scope["headers"] if name == b"authorization"]
    return bytes(found[0]) if len(found) == 1 else b""
