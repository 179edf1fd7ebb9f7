"""Exchange a client's id and secret for an access token, and read the answer (RFC 6749, 4.4)."""

from __future__ import annotations

import base64
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import quote_plus, urlencode, urlsplit

from pgagents.http import Request, Response, Silence, read_json
from pgagents.model.credential import Credential, list_parameters
from pgagents.text.brief import brief

USUAL_S = 300.0
"""The lifetime of a token in seconds, if the server names none."""
LONGEST_S = 1e9
"""The longest lifetime that is counted, in seconds; a server may name any number."""
EARLY = 0.1
"""The last fraction of a token's lifetime, in which it is no longer used."""
MOST_CHARACTERS = 16_000


@dataclass(frozen=True, slots=True)
class Issued:
    """An access token, and when it is to be renewed (seconds of the caller's clock)."""

    token: str
    until: float


@dataclass(frozen=True, slots=True)
class Address:
    """The address of a token endpoint: a path below the API's server, or below `base` on another host."""

    base: str
    path: str


def find_address(credential: Credential, server: str) -> Address:
    """Return the address at which a credential's secret is exchanged.

    `base` is empty for the API's server.
    """
    exchange = credential.exchange
    assert exchange is not None
    if path := exchange.find_path(server):
        return Address("", path)
    parts = urlsplit(exchange.token_url)
    return Address(
        f"{parts.scheme}://{parts.netloc}", f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
    )


def make_token_request(
    credential: Credential, secret: str, path: str, scopes: Collection[str] | None = None
) -> Request:
    """Return the request that exchanges `client_id:client_secret` for a token with these scopes.

    If none are given, it asks for all known scopes.
    """
    exchange = credential.exchange
    assert exchange is not None
    client, _, password = secret.partition(":")
    given, headers = list_parameters(exchange, scopes), [("Accept", "application/json")]
    headers.append(("Content-Type", "application/x-www-form-urlencoded"))
    if exchange.in_body:
        given |= {"client_id": client, "client_secret": password}
    else:
        pair = f"{quote_plus(client)}:{quote_plus(password)}"  # encoded first, as RFC 6749 (2.3.1) says
        headers.append(("Authorization", f"Basic {base64.b64encode(pair.encode()).decode('ascii')}"))
    return Request("POST", path, tuple(headers), urlencode(given).encode())


def read_token(answer: Response | Silence, now: float) -> Issued | str:
    """Return the token from an answer, or the reason why there is none.

    The reason contains nothing from the answer except the error's name.
    """
    if isinstance(answer, Silence):
        return f"no answer ({answer.kind})"
    data = read_json(answer.body).value
    said = data.get("error") if isinstance(data, dict) else None
    if answer.status != 200:
        return f"{answer.status}{f' {brief(said, 60)}' if isinstance(said, str) else ''}"
    token = data.get("access_token") if isinstance(data, dict) else None
    kind = data.get("token_type") if isinstance(data, dict) else None
    if not (isinstance(token, str) and 0 < len(token) <= MOST_CHARACTERS and _is_plain(token)):
        return "200 without an access_token"
    if kind is not None and not (isinstance(kind, str) and kind.lower() == "bearer"):
        return "200 with another token_type than Bearer"
    lives = data.get("expires_in")
    known = isinstance(lives, int | float) and not isinstance(lives, bool) and lives > 0
    return Issued(token, now + (float(min(lives, LONGEST_S)) if known else USUAL_S) * (1 - EARLY))


def _is_plain(token: str) -> bool:
    return token.isascii() and token.isprintable() and " " not in token
