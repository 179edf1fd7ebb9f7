"""OAuth 2.0 for a client: registered clients, PKCE, form-encoded calls, and parsing of answers.

Access tokens of a run are requested with the secrets of roles, and renewed before they expire.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode, urlsplit

from pgagents.base.http import Handler, Request, Response, Silence
from pgagents.catalogue.model.credential import Credential
from pgagents.catalogue.model.identity import find_secret
from pgagents.catalogue.model.model import Model
from pgagents.client.keys import Issued, find_address, make_token_request, read_token
from pgagents.verify.wire.call import Call, Raw, TokenRequest
from pgagents.verify.wire.exchange import Exchange, got

FORM = "application/x-www-form-urlencoded"
SHORTEST = 43
"""The fewest characters of a code verifier (RFC 7636, 4.1)."""


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


def verifier(seed: int, number: int) -> str:
    """Return a code verifier (RFC 7636, 4.1). The same seed gives the same one, as it only protects this
    run's codes.
    """
    return _base64url(hashlib.sha256(f"pgagents {seed} {number}".encode()).digest())


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
    """Return why a token endpoint's answer is not a refusal with one of these errors (RFC 6749, 5.2); empty
    if it is one.
    """
    said = got(exchange.body, "error")
    if 400 <= exchange.status < 500 and isinstance(said, str) and (not errors or said in errors):
        return ""
    return (
        f"{exchange.status} {said}" if isinstance(said, str) else f"{exchange.outcome}, no JSON with an error"
    )


def gives_token(exchange: Exchange) -> bool:
    """True if a token endpoint's answer has an access token. GitHub and Slack send errors with a 200."""
    return exchange.success and isinstance(got(exchange.body, "access_token"), str)


def find_redirect_target(exchange: Exchange) -> str | None:
    """Return the target of a redirect; None if the answer is not a redirect."""
    return exchange.header("location") if 300 <= exchange.status < 400 else None


def parse_redirect(location: str) -> dict[str, str]:
    """Return the query parameters in a redirect's target."""
    return dict(parse_qsl(urlsplit(location).query, keep_blank_values=True))


def leads_to(location: str, uri: str) -> bool:
    """True if a redirect leads to this URI, with any parameters."""
    return location == uri or location.startswith((f"{uri}?", f"{uri}&", f"{uri}#"))


# -- access tokens of a run


NEVER_ISSUED = "pgv000000000000000000000000"


class Refused(Exception):
    """Raised if the token endpoint issues no token. The message gives the reason and contains no secret."""


@dataclass
class Tokens:
    """The tokens of a run. `reach` returns a handler for another host; None permits no other host."""

    model: Model
    reach: Callable[[str], Handler] | None = None
    known: dict[tuple[str, str, tuple[str, ...] | None], Issued] = field(default_factory=dict)

    def find(self, credential: Credential, secret: str, now: float, send: Handler, role: str = "main") -> str:
        """Return the access token of a role, requested with its secret if there is none that lasts.

        `send` sends to the API's own server. Raises Refused.
        """
        scopes = find_scopes(self.model, credential, role)
        held = self.known.get((credential.name, secret, scopes))
        if held is None or now >= held.until:
            issued = read_token(self._fetch(credential, secret, scopes, send), now)
            if isinstance(issued, str):
                raise Refused(f"the token endpoint gave no token for `{credential.name}`: {issued}")
            held = self.known[credential.name, secret, scopes] = issued
        return held.token

    def is_over(self, credential: Credential, secret: str, at: float, role: str) -> bool:
        """True if a role's token was to be renewed before this time."""
        held = self.known.get((credential.name, secret, find_scopes(self.model, credential, role)))
        return held is not None and at >= held.until

    def _fetch(
        self, credential: Credential, secret: str, scopes: tuple[str, ...] | None, send: Handler
    ) -> Response | Silence:
        address = find_address(credential, str(self.model.api.server))
        request = make_token_request(credential, secret, address.path, scopes)
        if not address.base:
            return send(request)
        if self.reach is None:
            raise Refused(f"the token endpoint of `{credential.name}` is on another host, {address.base}")
        return self.reach(address.base)(request)


def find_scopes(model: Model, credential: Credential, role: str) -> tuple[str, ...] | None:
    """Return the scopes of a role's token; None for all scopes of the catalogue.

    If plans have scopes of the token endpoint, a role gets the scopes of its plan. A role without a plan
    requests no scope, so it gets the server's default.
    """
    known = credential.exchange.scopes if credential.exchange is not None else {}
    planned = {scope for scopes in model.auth.plans.values() for scope in scopes}
    asked = model.auth.roles.get(role)
    if not planned & known.keys() or asked is None:
        return None
    return tuple(scope for scope in known if scope in model.auth.plans.get(asked.plan or "", ()))


def find_tokens(tokens: Tokens, keys: Mapping[str, str], now: float, send: Handler) -> dict[str, str]:
    """Return the main key's secret by scheme. A secret that is exchanged is replaced by its token. Raises
    Refused.
    """
    found = {}
    for name, credential in tokens.model.credentials.items():
        secret = find_secret(tokens.model, keys, "main", name)
        if secret:
            exchanged = credential.exchange is not None
            found[name] = tokens.find(credential, secret, now, send, "main") if exchanged else secret
    return found


def present_request(model: Model, keys: Mapping[str, str], asked: TokenRequest) -> Request:
    """Return the request for a call of the token endpoint, with the mistake that the call asks for."""
    credential = model.credentials[asked.scheme]
    client, _, password = find_secret(model, keys, asked.role, asked.scheme).partition(":")
    if asked.slip == "secret":
        password = f"{password[:-1]}{'A' if password[-1:] != 'A' else 'B'}"
    elif asked.slip == "client":
        client = NEVER_ISSUED
    path = find_address(credential, str(model.api.server)).path
    scopes = find_scopes(model, credential, asked.role)
    request = make_token_request(credential, f"{client}:{password}", path, scopes)
    if asked.slip == "grant":
        body = request.body.replace(b"grant_type=client_credentials", b"grant_type=pgv_no_such_grant")
        request = Request(request.method, request.target, request.headers, body)
    return request


def list_token_paths(model: Model) -> set[str]:
    """Return the paths of the token endpoints that exchange secrets."""
    exchanged = (one for one in model.credentials.values() if one.exchange is not None)
    return {find_address(one, str(model.api.server)).path for one in exchanged}
