"""Grants of users: pending consents, codes and tokens.

Only their hashes are stored, and all expire by the sandbox's clock.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

from pgagents.sandbox.keys import Key, Keyring, digest, ordinary, word
from pgagents.sandbox.oauth import clients
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

    def check_client(self, client: clients.Client) -> bool:
        """Return whether the token was issued to a client."""
        return self.client_id == client.client_id

    def get_scope(self) -> str:
        """Return the token's scopes, separated by blanks."""
        return self.scope


def prepare(store: Store) -> None:
    """Make the tables. Do not call it inside a transaction."""
    store.script(clients.TABLE + _TABLES)


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
        client = clients.find(self._store, token.client_id) if token else None
        if token is None or client is None:
            return None
        return replace(
            self._key,
            id=token.family,
            integration=client.integration,
            sub=token.sub,
            granted=tuple(token.scope.split()),
        )
