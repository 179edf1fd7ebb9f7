"""OAuth for users: clients, grants with their codes and tokens, scopes, and the metadata for discovery."""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, unquote_plus, urlsplit

from pgagents.base.http import Request, Response, json_bytes
from pgagents.catalogue.model.action import Action
from pgagents.catalogue.model.credential import PKCE
from pgagents.catalogue.model.model import Model
from pgagents.sandbox.keys import Key, Keyring, digest, ordinary, word
from pgagents.sandbox.setting import Visit
from pgagents.sandbox.store import Store

TICKET_S = 600.0
CODE_S = 60.0
"""Lifetime of a code in seconds. RFC 6749 (4.1.2) allows ten minutes, but clients exchange a code at once."""
KEPT_S = 86_400.0
"""Seconds for which a used or expired code is kept, so that a second use of it is detected."""
_TABLES = """
CREATE TABLE IF NOT EXISTS oauth_ticket (
  hash BLOB PRIMARY KEY, query TEXT NOT NULL, dies_at REAL NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS oauth_code (
  hash BLOB PRIMARY KEY, family TEXT NOT NULL, client_id TEXT NOT NULL, sub TEXT NOT NULL,
  scope TEXT NOT NULL, redirect_uri TEXT NOT NULL, code_challenge TEXT, code_challenge_method TEXT,
  dies_at REAL NOT NULL, used INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS oauth_token (
  hash BLOB PRIMARY KEY, kind TEXT NOT NULL, family TEXT NOT NULL, client_id TEXT NOT NULL, sub TEXT NOT NULL,
  scope TEXT NOT NULL, dies_at REAL NOT NULL, used INTEGER NOT NULL DEFAULT 0,
  revoked INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS oauth_token_family ON oauth_token (family);
CREATE INDEX IF NOT EXISTS oauth_token_dies ON oauth_token (dies_at);
"""


@dataclass(frozen=True, slots=True)
class Code:
    """An authorization code that may be exchanged for tokens once."""

    hash: bytes
    family: str
    client_id: str
    sub: str
    scope: str
    redirect_uri: str
    code_challenge: str | None
    code_challenge_method: str | None

    def get_redirect_uri(self) -> str:
        """Return the redirect URI of the authorization request."""
        return self.redirect_uri

    def get_scope(self) -> str:
        """Return the granted scopes, separated by blanks."""
        return self.scope


@dataclass(frozen=True, slots=True)
class Token:
    """A valid token. `family` is its consent."""

    hash: bytes
    kind: str
    family: str
    client_id: str
    sub: str
    scope: str

    def check_client(self, client: Client) -> bool:
        """Return whether the token was issued to a client."""
        return self.client_id == client.client_id

    def get_scope(self) -> str:
        """Return the token's scopes, separated by blanks."""
        return self.scope


def prepare(store: Store) -> None:
    """Make the tables. Do not call it inside a transaction."""
    store.script(TABLE + _TABLES)


class Grants:
    """All grants of a store. Methods that write must be called inside a transaction."""

    def __init__(self, store: Store, keyring: Keyring, rng: random.Random) -> None:
        self._store, self._rng = store, rng
        self._key = replace(ordinary(keyring), role="oauth", per_minute=None)

    def ask(self, query: str, now: float) -> str:
        """Store an authorization request until the user decides.

        Return the ticket that the form sends back.
        """
        self._store.run("DELETE FROM oauth_ticket WHERE dies_at < ?", now)
        ticket = word(self._rng, 32)
        self._store.run("INSERT INTO oauth_ticket VALUES (?, ?, ?)", digest(ticket), query, now + TICKET_S)
        return ticket

    def redeem_ticket(self, ticket: str, now: float) -> str | None:
        """Redeem a ticket once and return its request; None if it was used before or is too old."""
        row = self._store.row(
            "SELECT query FROM oauth_ticket WHERE hash = ? AND dies_at > ?", digest(ticket), now
        )
        self._store.run("DELETE FROM oauth_ticket WHERE hash = ?", digest(ticket))
        return str(row["query"]) if row else None

    def new_code(self) -> str:
        """Return the text of a new code."""
        return "oc_" + word(self._rng, 40)

    def keep_code(self, code: Code, now: float) -> None:
        """Store a code for CODE_S seconds."""
        self._store.run("DELETE FROM oauth_code WHERE dies_at < ?", now - KEPT_S)
        self._store.run(
            "INSERT INTO oauth_code VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0)",
            code.hash,
            code.family,
            code.client_id,
            code.sub,
            code.scope,
            code.redirect_uri,
            code.code_challenge,
            code.code_challenge_method,
            now + CODE_S,
        )

    def new_family(self) -> str:
        """Return the id of a new consent."""
        return "grant_" + word(self._rng, 16)

    def code(self, text: str, client_id: str, now: float) -> Code | None:
        """Return the valid code of a client, or None.

        A code that is used twice was stolen: all tokens of its consent are revoked (RFC 6749, 4.1.2).
        """
        row = self._store.row(
            "SELECT * FROM oauth_code WHERE hash = ? AND client_id = ?", digest(text), client_id
        )
        if row is None:
            return None
        if row["used"]:
            self.revoke(str(row["family"]))
            return None
        return Code(*(row[name] for name in Code.__slots__)) if row["dies_at"] > now else None

    def use_code(self, code: Code) -> None:
        """Mark a code as exchanged for tokens."""
        self._store.run("UPDATE oauth_code SET used = 1 WHERE hash = ?", code.hash)

    def new_token(self, kind: str) -> str:
        """Return the text of a new token."""
        return ("oat_" if kind == "access" else "ort_") + word(self._rng, 40)

    def keep_token(self, token: Token, lives_s: float, now: float) -> None:
        """Store a token for this many seconds."""
        self._store.run("DELETE FROM oauth_token WHERE dies_at < ?", now)
        self._store.run(
            "INSERT INTO oauth_token VALUES (?, ?, ?, ?, ?, ?, ?, 0, 0)",
            token.hash,
            token.kind,
            token.family,
            token.client_id,
            token.sub,
            token.scope,
            now + lives_s,
        )

    def token(self, text: str, now: float, kind: str | None = None) -> Token | None:
        """Return the valid token of a text and kind, or None.

        A reused refresh token revokes its consent (RFC 9700, 4.14).
        """
        row = self._store.row(
            "SELECT * FROM oauth_token WHERE hash = ? AND dies_at > ? AND revoked = 0", digest(text), now
        )
        if row is None or (kind is not None and row["kind"] != kind):
            return None
        if row["used"]:  # the refresh token was exchanged before, so somebody has a copy (RFC 9700, 4.14)
            self.revoke(str(row["family"]))
            return None
        return Token(*(row[name] for name in Token.__slots__))

    def use_token(self, token: Token) -> None:
        """Mark a refresh token as exchanged for another."""
        self._store.run("UPDATE oauth_token SET used = 1 WHERE hash = ?", token.hash)

    def revoke(self, family: str) -> None:
        """Revoke all tokens of a consent."""
        self._store.run("UPDATE oauth_token SET revoked = 1 WHERE family = ?", family)

    def revoke_token(self, token: Token) -> None:
        """Revoke a token; for a refresh token, all tokens of its consent (RFC 7009, 2.1)."""
        if token.kind == "refresh":
            self.revoke(token.family)
        else:
            self._store.run("UPDATE oauth_token SET revoked = 1 WHERE hash = ?", token.hash)

    def key(self, text: str, now: float) -> Key | None:
        """Return the caller of an access token, or None: a key of the user's project with the granted
        scopes.
        """
        token = self.token(text, now, "access") if text.startswith("oat_") else None
        client = find(self._store, token.client_id) if token else None
        if token is None or client is None:
            return None
        return replace(
            self._key,
            id=token.family,
            integration=client.integration,
            sub=token.sub,
            granted=tuple(token.scope.split()),
        )


# -- clients


TABLE = (
    "CREATE TABLE IF NOT EXISTS oauth_client (id TEXT PRIMARY KEY, secret_hash BLOB, data TEXT NOT NULL) "
    "WITHOUT ROWID;"
)
LOOPBACK = "http://127.0.0.1/callback"
_GPT = "g-0123456789abcdef0123456789abcdef01234567"
CHATGPT = (
    f"https://chatgpt.com/aip/{_GPT}/oauth/callback",
    f"https://chat.openai.com/aip/{_GPT}/oauth/callback",
)
"""The forms of a GPT's callback URL. OpenAI uses both hosts (read 2026-11-20)."""
OURS = ("demo_app", "demo_gpt", "public", "confidential")
"""Client names that are reserved: the first two are registered, the others are keys of the ready file."""


@dataclass(frozen=True, slots=True)
class Client:
    """A registered client, which is public if it has no secret.

    `integration` names the agent of its calls. The methods are those of Authlib's `ClientMixin`.
    """

    client_id: str
    name: str
    redirect_uris: tuple[str, ...]
    scopes: tuple[str, ...]
    refreshes: bool
    integration: str | None = None
    secret_hash: bytes | None = None

    @property
    def public(self) -> bool:
        """Return whether the client has no secret."""
        return self.secret_hash is None

    def get_client_id(self) -> str:
        """Return the client's id."""
        return self.client_id

    def get_default_redirect_uri(self) -> None:
        """Return None: every request must name its redirect URI."""

    def get_allowed_scope(self, scope: str | None) -> str | None:
        """Return the scopes to grant: the requested ones, or all if none is requested. Return None if one is
        not allowed.
        """
        asked = list(dict.fromkeys((scope or "").split())) or list(self.scopes)
        return " ".join(asked) if set(asked) <= set(self.scopes) else None

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        """Return whether a URI is registered.

        A public client may use any port of its loopback address (RFC 8252, 7.3).
        """
        return redirect_uri in self.redirect_uris or (
            self.public and _any_port(redirect_uri) in self.redirect_uris
        )

    def check_client_secret(self, client_secret: str) -> bool:
        """Return whether a text is the client's secret; compares in constant time."""
        return self.secret_hash is not None and hmac.compare_digest(self.secret_hash, digest(client_secret))

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        """Return whether a method is allowed: none for a public client, a secret for any other."""
        del endpoint
        return method == "none" if self.public else method in ("client_secret_post", "client_secret_basic")

    def check_response_type(self, response_type: str) -> bool:
        """Return whether the response type is `code`, the only one allowed."""
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        """Return whether a grant type is allowed: codes, and refresh tokens if the client has them."""
        return grant_type == "authorization_code" or (grant_type == "refresh_token" and self.refreshes)


def _any_port(uri: str) -> str | None:
    """Return a loopback URI without its port; None for any other URI."""
    try:
        parts = urlsplit(uri)
        port = parts.port
    except ValueError:
        return None
    if (
        parts.scheme != "http"
        or parts.hostname not in ("127.0.0.1", "::1")
        or port is None
        or "@" in parts.netloc
    ):
        return None
    return uri.replace(f":{port}", "", 1) if parts.netloc.endswith(f":{port}") else None


def seed(
    model: Model, store: Store, rng: random.Random, given: Sequence[Client] = ()
) -> dict[str, dict[str, object]]:
    """Register the demo clients and the given ones, and remove all others, such as those of an earlier start.

    Return each new client's id and secret, by kind or id. The demo's own secret is new at every start.
    """
    oauth = model.code_flow
    store.run("DELETE FROM oauth_client")
    if oauth is None:
        return {}
    scopes, refreshes = tuple(oauth.scopes), oauth.refresh_s is not None
    secret = "cs_" + word(rng, 40)
    public = Client("demo_app", "A demo app on this machine", (LOOPBACK,), scopes, refreshes)
    gpt = Client("demo_gpt", "A demo GPT", CHATGPT, scopes, refreshes, "chatgpt", digest(secret))
    for client in (public, gpt, *given):
        save(store, client)
    return {
        "public": {"client_id": public.client_id, "redirect_uris": list(public.redirect_uris)},
        "confidential": {
            "client_id": gpt.client_id,
            "client_secret": secret,
            "redirect_uris": list(gpt.redirect_uris),
        },
        **{
            client.client_id: {"client_id": client.client_id, "redirect_uris": list(client.redirect_uris)}
            for client in given
        },
    }


def save(store: Store, client: Client) -> None:
    """Register a client, or change it."""
    data = {name: value for name, value in asdict(client).items() if name != "secret_hash"}
    store.run(
        "INSERT OR REPLACE INTO oauth_client VALUES (?, ?, ?)",
        client.client_id,
        client.secret_hash,
        json.dumps(data),
    )


def find(store: Store, client_id: str) -> Client | None:
    """Return the client of an id, or None."""
    row = store.row("SELECT * FROM oauth_client WHERE id = ?", client_id.encode("utf-8", "replace").decode())
    if row is None:
        return None
    data = json.loads(row["data"])
    lists = {name: tuple(data[name]) for name in ("redirect_uris", "scopes")}
    return Client(**{**data, **lists, "secret_hash": row["secret_hash"]})


# -- tokens of client credentials


FORM = "application/x-www-form-urlencoded"
LIVES_S = 60


def list_paths(model: Model) -> dict[str, str]:
    """Map the path of each token endpoint to its scheme. Endpoints on other hosts are included."""
    return {
        credential.exchange.find_place(str(model.api.server)): name
        for name, credential in model.credentials.items()
        if credential.exchange is not None
    }


def answer(request: Request, visit: Visit) -> Response:
    """Return an access token, or the error of RFC 6749 (5.2)."""
    model, keyring = visit.setting.model, visit.setting.keyring
    scheme = list_paths(model)[request.path]
    exchange = model.credentials[scheme].exchange
    assert exchange is not None
    kind = request.media_type
    try:
        pairs = parse_qsl(request.body.decode(), keep_blank_values=True, errors="strict")
    except UnicodeDecodeError:
        return _refuse("invalid_request")
    form = dict(pairs)
    if kind != FORM or len(form) != len(pairs) or "grant_type" not in form:
        return _refuse("invalid_request")
    client = _find_client(request, form, in_body=exchange.in_body)
    key = keyring.find(client) if client is not None else None
    if key is None or key.scheme not in ("", scheme) or key.granted is not None:
        return _refuse("invalid_client", 401)
    if form["grant_type"] != "client_credentials":
        return _refuse("unsupported_grant_type")
    scopes = form.get("scope", "").split() or list(exchange.scopes)
    if not set(scopes) <= set(exchange.scopes):
        return _refuse("invalid_scope")
    token = keyring.issue(key, visit.now + LIVES_S)
    made: dict[str, Any] = {"access_token": token, "token_type": "Bearer", "expires_in": LIVES_S}
    return _json({**made, "scope": " ".join(scopes)} if scopes else made)


def _find_client(request: Request, form: Mapping[str, str], *, in_body: bool) -> str | None:
    """Return `client_id:client_secret` of the request; None if it has none, or two."""
    word, _, rest = (request.header("authorization") or "").partition(" ")
    inside = f"{form['client_id']}:{form.get('client_secret', '')}" if "client_id" in form else None
    if in_body or not word:
        return inside if in_body and not word else None
    if word.lower() != "basic":
        return None
    try:
        user, colon, password = base64.b64decode(rest.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return None
    return f"{unquote_plus(user)}:{unquote_plus(password)}" if colon else None


def _json(data: Any, status: int = 200) -> Response:
    headers = (("Content-Type", "application/json"), ("Cache-Control", "no-store"))
    return Response(status, headers, json_bytes(data))


def _refuse(error: str, status: int = 400) -> Response:
    refused = _json({"error": error}, status)
    return refused.with_header("WWW-Authenticate", 'Basic realm="clients"') if status == 401 else refused


# -- scopes


def lacking(model: Model, action: Action | None, key: Key | None) -> str | None:
    """Return the scope that a token lacks for an action; empty if no scope allows the action.

    Return None if the token may call it, and for every API key.
    """
    needs = model.code_flow.needs if model.code_flow else {}
    if action is None or key is None or key.granted is None or not needs:
        return None
    needed = [scope for scope, names in needs.items() if str(action.name) in names]
    return next((scope for scope in needed if scope not in key.granted), None if needed else "")


# -- metadata for discovery


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
