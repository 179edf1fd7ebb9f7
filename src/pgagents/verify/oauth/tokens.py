"""Access tokens of a run: requested with the secrets of roles, and renewed before they expire."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pgagents.client.keys.token import Issued, find_address, make_token_request, read_token
from pgagents.http import Handler, Request, Response, Silence
from pgagents.model.credential import Credential
from pgagents.model.identity import find_secret
from pgagents.model.model import Model
from pgagents.verify.wire.call import TokenRequest

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


def find_tokens(
    tokens: Tokens, keys: Mapping[str, str], now: float, send: Handler, role: str = "main"
) -> dict[str, str]:
    """Return a role's secret by scheme. A secret that is exchanged is replaced by its token. Raises
    Refused.
    """
    found = {}
    for name, credential in tokens.model.credentials.items():
        secret = find_secret(tokens.model, keys, role, name)
        if secret:
            exchanged = credential.exchange is not None
            found[name] = tokens.find(credential, secret, now, send, role) if exchanged else secret
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
