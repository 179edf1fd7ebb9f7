"""OAuth 2.0 as a client sees it: who we may act as, proofs of possession (PKCE), calls in form encoding, answers read."""

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
"""How many characters a code verifier may have (RFC 7636, 4.1)."""


@dataclass(frozen=True, slots=True)
class OAuthClient:
    """A registered client. `secret` is empty for a public one.

    `consent` are the fields that a user fills in on the server's consent page (empty: nobody is there to consent, so only
    what needs no user is judged); `headers` go with the calls to that page, such as the cookie of a user who is signed in.
    """

    client_id: str
    redirect_uri: str
    secret: str = ""
    consent: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    hidden: tuple[str, ...] = ()
    """Of what is sent, what no report may show, such as the user's password."""
    refuse: Mapping[str, str] = field(default_factory=dict)
    """The fields of a user who does not consent; empty: nobody said how one refuses."""
    other: OAuthClient | None = None
    """Another registered client, for whom our codes and tokens are none."""

    @property
    def sensitive(self) -> tuple[str, ...]:
        """All of it that no report may show."""
        return (self.secret, *self.headers.values(), *self.hidden, *(self.other.sensitive if self.other else ()))

    @property
    def kind(self) -> str:
        """What RFC 6749 calls it (2.1)."""
        return "confidential" if self.secret else "public"


def verifier(seed: int, number: int, length: int = SHORTEST) -> str:
    """A code verifier (RFC 7636, 4.1), the same for the same seed: it protects nothing but this run's own codes."""
    parts = (hashlib.sha256(f"pgagents {seed} {number}".encode() + b"." * part).digest() for part in range(-(-length // SHORTEST)))
    return "".join(_base64url(part) for part in parts)[:length]


def challenge(verifier: str) -> str:
    """Its S256 challenge (RFC 7636, 4.2)."""
    return _base64url(hashlib.sha256(verifier.encode()).digest())


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def make_get(path: str, params: Mapping[str, str], why: str, headers: Mapping[str, str] | None = None) -> Call:
    """A GET with these parameters, as a browser makes it."""
    target = f"{path}?{urlencode(params)}" if params else path
    accept = (("Accept", "text/html,*/*"), *(headers or {}).items())
    return Call(None, {}, "document", why, role="", raw=Raw("GET", target, accept))


def posted(path: str, params: Mapping[str, str], why: str, headers: Mapping[str, str] | None = None) -> Call:
    """A POST of these parameters in form encoding."""
    kind = (("Content-Type", FORM), *(headers or {}).items())
    return Call(None, {}, "document", why, role="", raw=Raw("POST", path, kind, urlencode(params).encode()))


def proved(client: OAuthClient, params: Mapping[str, str]) -> dict[str, str]:
    """Parameters with who we are (RFC 6749, 2.3.1: in the body)."""
    return {**params, "client_id": client.client_id, **({"client_secret": client.secret} if client.secret else {})}


def refusal(exchange: Exchange, *errors: str) -> str:
    """In what an answer of the token endpoint is no refusal with one of these errors (RFC 6749, 5.2); empty where it is one."""
    said = got(exchange.body, "error")
    if 400 <= exchange.status < 500 and isinstance(said, str) and (not errors or said in errors):
        return ""
    return f"{exchange.status} {said}" if isinstance(said, str) else f"{exchange.outcome}, no JSON with an error"


def sent_to(exchange: Exchange) -> str | None:
    """Where a redirect leads; None where the answer is none."""
    return exchange.header("location") if 300 <= exchange.status < 400 else None


def carried(location: str) -> dict[str, str]:
    """The parameters of a redirect."""
    return dict(parse_qsl(urlsplit(location).query, keep_blank_values=True))


def leads_to(location: str, uri: str) -> bool:
    """Whether a redirect goes to this URI, whatever parameters it carries."""
    return location == uri or location.startswith((f"{uri}?", f"{uri}&", f"{uri}#"))
