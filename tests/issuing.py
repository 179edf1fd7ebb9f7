"""An authorization server for tests: metadata, keys, introspection and token exchange."""

from __future__ import annotations

import json
import time
from typing import Any
from urllib.parse import parse_qs

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from calling import answered
from pgagents.base.http import Request, Response
from pgagents.mcp.token import Introspection, Signed, make_verifier, read_metadata

RESOURCE = "https://mcp.example.com/mcp"
EXCHANGED = "urn:ietf:params:oauth:grant-type:token-exchange"


class Issuer:
    """An authorization server: its metadata, its keys, and what it says of a token."""

    def __init__(self) -> None:
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.url = ""
        self.fetched: list[str] = []
        self.known: dict[str, dict[str, Any]] = {}
        self.exchanged: list[str] = []

    def __call__(self, request: Request) -> Response:
        self.fetched.append(request.path)
        if request.path == "/.well-known/oauth-authorization-server":
            told = {
                "issuer": self.url,
                "jwks_uri": f"{self.url.rstrip('/')}/keys",
                "introspection_endpoint": f"{self.url}/introspect",
                "authorization_endpoint": f"{self.url}/authorize",
                "token_endpoint": f"{self.url}/token",
                "code_challenge_methods_supported": ["S256"],
            }
            return answered(200, told)
        if request.path == "/keys":
            public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key()))
            return answered(200, {"keys": [{**public, "kid": "k1", "use": "sig", "alg": "RS256"}]})
        if request.path == "/introspect" and request.header("Authorization") == "Basic bWU6c2VjcmV0":
            token = parse_qs(request.body.decode())["token"][0]
            return answered(200, self.known.get(token, {"active": False}))
        if request.path == "/token" and request.header("Authorization") == "Basic bWU6c2VjcmV0":
            return self.exchange(parse_qs(request.body.decode()))
        return answered(404, {})

    def exchange(self, form: dict[str, list[str]]) -> Response:
        """Answer a token exchange (RFC 8693) with a token that begins with its user's name."""
        said = jwt.decode(form["subject_token"][0], options={"verify_signature": False})
        if form["grant_type"] != [EXCHANGED] or form["audience"] != ["the-api"] or said["sub"] == "stranger":
            return answered(400, {"error": "invalid_grant", "error_description": form["subject_token"][0]})
        self.exchanged.append(said["sub"])
        number = len(self.exchanged)
        return answered(
            200,
            {
                "access_token": f"{said['sub']}-{number}",
                "token_type": "Bearer",
                "issued_token_type": "urn:ietf:params:oauth:token-type:access_token",
                "expires_in": 60,
            },
        )

    def token(
        self, *, key: Any = None, kid: str | None = "k1", algorithm: str = "RS256", **claims: Any
    ) -> str:
        """A signed token; claims of None are left out."""
        said = {
            "iss": self.url,
            "aud": RESOURCE,
            "exp": time.time() + 60,
            "sub": "jane",
            "client_id": "app",
            "scope": "read sessions:write",
            **claims,
        }
        kept = {name: value for name, value in said.items() if value is not None}
        return jwt.encode(kept, key or self.key, algorithm=algorithm, headers={"kid": kid} if kid else {})


async def verifier_of(issuer: str, resource: str, client: tuple[str, str] | None) -> Introspection | Signed:
    """Return the verifier of an issuer's tokens."""
    return make_verifier(await read_metadata(issuer, None), issuer, resource, client, cacert=None)
