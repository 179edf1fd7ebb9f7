"""The authorization code flow: how users let an app call the API for them (RFC 6749, 4.1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from pgagents.model.credential import Credential, find_path_below, find_url_of
from pgagents.source.source import Pointer

PKCE = "S256"
"""The one method of code challenges; RFC 9700 (2.1.1) advises against `plain`."""
FLOW = "authorization_code"


@dataclass(frozen=True, slots=True)
class CodeFlow:
    """The flow with its endpoints as paths, either below the API's server or on another host."""

    scheme: str
    """The flow's scheme, by its name under `auth.schemes`."""
    carrier: str
    """The scheme that carries a user's token: `scheme` itself, or a bearer scheme beside it."""
    authorize: str
    token: str
    revoke: str
    metadata: str
    resource_metadata: str
    urls: Mapping[str, str]
    """The URL of each endpoint, by its key in the catalogue, such as `token_url`."""
    elsewhere: frozenset[str]
    """The attributes of endpoints that are on another host than the API."""
    pkce_binds: tuple[str, ...]
    """The kinds of clients that must send a challenge; empty if the server has no PKCE."""
    access_s: int | None
    refresh_s: int | None
    refresh_rotates: bool
    scopes: Mapping[str, str]
    needs: Mapping[str, Sequence[str]]
    cite: tuple[str, ...]

    @property
    def origin(self) -> Pointer:
        """Return the flow's place in the catalogue."""
        return ("auth", "schemes", self.scheme, "flows", FLOW)

    @property
    def beside(self) -> bool:
        """Return whether another scheme than the flow's own carries the tokens."""
        return self.carrier != self.scheme

    def place(self, attribute: str) -> Pointer:
        """Return the place of an endpoint in the catalogue, by its attribute."""
        return (*self.origin, ENDPOINTS[attribute])

    def find_scopes(self, action: str) -> list[str]:
        """Return the scopes that a token needs for an action."""
        return [scope for scope, names in self.needs.items() if action in names]

    def at_home(self) -> CodeFlow | None:
        """Return the flow with only the endpoints on the API's own server; None if users cannot sign in
        there.
        """
        if {"authorize", "token"} & self.elsewhere:
            return None
        gone = self.elsewhere
        return replace(
            self,
            revoke="" if "revoke" in gone else self.revoke,
            metadata="" if "metadata" in gone else self.metadata,
            resource_metadata="" if "resource_metadata" in gone else self.resource_metadata,
            elsewhere=frozenset(),
        )


ENDPOINTS = {
    "authorize": "authorization_url",
    "token": "token_url",
    "revoke": "revocation_url",
    "metadata": "metadata_url",
    "resource_metadata": "resource_metadata_url",
}
"""The catalogue's key of each endpoint, by attribute name."""


def make_code_flow(written: Any, scheme: str, carrier: str, server: str) -> CodeFlow:
    """Return the flow of a scheme from its members in the catalogue."""
    given = {name: getattr(written, key) or "" for name, key in ENDPOINTS.items()}
    below = {name: find_path_below(url, server) for name, url in given.items()}
    return CodeFlow(
        scheme,
        carrier,
        **{name: path or urlsplit(given[name]).path for name, path in below.items()},
        urls={ENDPOINTS[name]: find_url_of(url, server) for name, url in given.items() if url},
        elsewhere=frozenset(name for name, path in below.items() if given[name] and not path),
        pkce_binds=tuple(written.pkce_binds),
        access_s=written.access_s,
        refresh_s=written.refresh_s,
        refresh_rotates=written.refresh_rotates,
        scopes=written.scopes,
        needs=written.needs,
        cite=tuple(written.cite),
    )


def takes_user_tokens(flow: CodeFlow | None, credential: Credential) -> bool:
    """Return whether a user's token can be sent where this credential is sent."""
    return flow is not None and flow.carrier == credential.name
