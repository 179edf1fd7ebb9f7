"""OAuth clients: apps that may ask a user for access, with their redirect URIs."""

from __future__ import annotations

import hmac
import json
import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from urllib.parse import urlsplit

from pgagents.model.model import Model
from pgagents.sandbox.keys import digest, word
from pgagents.sandbox.store import Store

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
