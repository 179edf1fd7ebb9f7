"""OAuth 2.0 for a client: registered clients, PKCE, form-encoded calls, and parsing of answers."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode, urlsplit

from pgagents.verify.wire.call import Call, Raw
from pgagents.verify.wire.exchange import Exchange, got

FORM = "application/x-www-form-urlencoded"
SHORTEST, LONGEST = 43, 128
"""Fewest and most characters of a code verifier (RFC 7636, 4.1)."""


@dataclass(frozen=True, slots=True)
class OAuthClient:
    """A registered client; `secret` is empty for a public one.

    `consent` are the fields that a user fills in on the consent page. If it is empty, contracts that need a
    user are not judged. `headers` are sent with calls to that page, such as the cookie of a signed-in user.
    """

    client_id: str
    redirect_uri: str
    secret: str = ""
    consent: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    hidden: tuple[str, ...] = ()
    """Values that no report may show, such as the user's password."""
    refuse: Mapping[str, str] = field(default_factory=dict)
    """The fields with which a user refuses; empty if they are unknown."""
    other: OAuthClient | None = None
    """Another registered client, for which our codes and tokens must not work."""

    @property
    def sensitive(self) -> tuple[str, ...]:
        """The client's values that no report may show."""
        return (
            self.secret,
            *self.headers.values(),
            *self.hidden,
            *(self.other.sensitive if self.other else ()),
        )

    @property
    def kind(self) -> str:
        """The client type by RFC 6749 (2.1): `confidential` or `public`."""
        return "confidential" if self.secret else "public"


def verifier(seed: int, number: int, length: int = SHORTEST) -> str:
    """Return a code verifier (RFC 7636, 4.1). The same seed gives the same one, as it only protects this
    run's codes.
    """
    parts = (
        hashlib.sha256(f"pgagents {seed} {number}".encode() + b"." * part).digest()
        for part in range(-(-length // SHORTEST))
    )
    return "".join(_base64url(part) for part in parts)[:length]


def challenge(verifier: str) -> str:
    """Return the verifier's S256 challenge (RFC 7636, 4.2)."""
    return _base64url(hashlib.sha256(verifier.encode()).digest())


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def make_get(
    path: str, params: Mapping[str, str], why: str, headers: Mapping[str, str] | None = None
) -> Call:
    """Return a GET with these parameters, as a browser sends it."""
    target = f"{path}?{urlencode(params)}" if params else path
    accept = (("Accept", "text/html,*/*"), *(headers or {}).items())
    return Call(None, {}, "document", why, role="", raw=Raw("GET", target, accept))


def make_post(
    path: str, params: Mapping[str, str], why: str, headers: Mapping[str, str] | None = None
) -> Call:
    """Return a form-encoded POST with these parameters."""
    kind = (("Content-Type", FORM), *(headers or {}).items())
    return Call(None, {}, "document", why, role="", raw=Raw("POST", path, kind, urlencode(params).encode()))


def add_credentials(client: OAuthClient, params: Mapping[str, str]) -> dict[str, str]:
    """Return the parameters with the client's id and secret, which stand in the body (RFC 6749, 2.3.1)."""
    return {
        **params,
        "client_id": client.client_id,
        **({"client_secret": client.secret} if client.secret else {}),
    }


def refusal(exchange: Exchange, *errors: str) -> str:
    """Return why a token endpoint's answer is no refusal with one of these errors (RFC 6749, 5.2); empty if
    it is one.
    """
    said = got(exchange.body, "error")
    if 400 <= exchange.status < 500 and isinstance(said, str) and (not errors or said in errors):
        return ""
    return (
        f"{exchange.status} {said}" if isinstance(said, str) else f"{exchange.outcome}, no JSON with an error"
    )


def find_redirect_target(exchange: Exchange) -> str | None:
    """Return the target of a redirect; None if the answer is no redirect."""
    return exchange.header("location") if 300 <= exchange.status < 400 else None


def parse_redirect(location: str) -> dict[str, str]:
    """Return the query parameters in a redirect's target."""
    return dict(parse_qsl(urlsplit(location).query, keep_blank_values=True))


def leads_to(location: str, uri: str) -> bool:
    """True if a redirect leads to this URI, with any parameters."""
    return location == uri or location.startswith((f"{uri}?", f"{uri}&", f"{uri}#"))
