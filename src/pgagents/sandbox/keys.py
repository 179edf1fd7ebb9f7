"""API keys: make, hash, look up and revoke them, and recognise credentials in a request."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import random
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qsl

from pgagents.base.http import Request
from pgagents.catalogue.model.credential import Credential
from pgagents.catalogue.model.model import Model
from pgagents.sandbox.store import Store

_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789"
_EVEN = 256 // len(_ALPHABET) * len(_ALPHABET)
_LETTERS = bytes(ord(_ALPHABET[n % len(_ALPHABET)]) for n in range(256))
_UNEVEN = bytes(range(_EVEN, 256))
"""Bytes that stand for no letter, so that all letters are equally likely."""
_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
UNLIMITED_PER_MINUTE = 60_000


@dataclass(frozen=True, slots=True)
class Key:
    """A caller's key and its rights. If `per_minute` is set, it replaces every rate limit."""

    id: str
    role: str
    project: str
    plan: str | None
    scopes: tuple[str, ...]
    mode: str
    group: str | None = None
    integration: str | None = None
    per_minute: int | None = None
    operator: bool = False
    end_user_opt_in: bool = False
    sub: str | None = None
    """The user who granted an OAuth token; None for an API key."""
    granted: tuple[str, ...] | None = None
    """The scopes that the user granted to a token; None for an API key, which has no such limit."""
    scheme: str = ""
    """The scheme that the key is for; empty for the first one."""

    @property
    def unlimited(self) -> bool:
        """Return whether the key's rate limits are raised."""
        return self.per_minute is not None

    @property
    def tenant(self) -> str:
        """Return the project and mode that own the key's instances. Keys of one tenant share their
        instances.
        """
        return f"{self.project}/{self.mode}"


def word(rng: random.Random, length: int) -> str:
    """Return random letters and digits.

    They are drawn in large pieces, because each draw from the system costs a system call.
    """
    letters = b""
    while len(letters) < length:
        letters += rng.randbytes(length + length // 4 + 8).translate(_LETTERS, _UNEVEN)
    return letters[:length].decode()


def make_sortable_id(rng: random.Random, at: float) -> str:
    """Return a random word that sorts by time, like a ULID, so that a table's index grows at its end."""
    left = max(0, int(at * 1000))
    moment = ""
    for _ in range(10):
        left, digit = divmod(left, 32)
        moment = _CROCKFORD[digit] + moment
    return moment + word(rng, 16)


def digest(token: str) -> bytes:
    """Return the hash of a token. It is stored instead of the token."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


class Keyring:
    """All keys of a store, by the hash of their tokens."""

    def __init__(self, model: Model, store: Store, rng: random.Random) -> None:
        self.model = model
        self._store = store
        self._rng = rng
        self._keys: dict[bytes, Key] = {}
        self._issued: dict[bytes, tuple[Key, float]] = {}
        for row in store.rows("SELECT hash, data FROM api_key WHERE revoked_at IS NULL AND seeded = 0"):
            data = json.loads(row["data"])
            self._keys[row["hash"]] = Key(**{**data, "scopes": tuple(data["scopes"])})

    def find(self, token: str) -> Key | None:
        """Return the valid key of a token, or None."""
        return self._keys.get(digest(token))

    def mint(self, key: Key, *, seeded: bool = False, revoked_at: float | None = None) -> str:
        """Make a token for a key. Only its hash is stored."""
        credential = self.model.credentials.get(key.scheme) or self.model.credential
        prefix = self.prefix(key.mode, credential)
        token = prefix + word(self._rng, 32)
        if credential is not None and credential.pair:
            token = f"{prefix}{key.id}:{word(self._rng, 32)}"
        self._store.run(
            "INSERT OR REPLACE INTO api_key VALUES (?, ?, ?, ?, ?)",
            key.id,
            digest(token),
            int(seeded),
            json.dumps(asdict(key)),
            revoked_at,
        )
        if revoked_at is None:
            self._keys[digest(token)] = key
        return token

    def issue(self, key: Key, dies_at: float) -> str:
        """Make an access token for a key. It is valid until a time, and lost when this process ends."""
        token = "cat_" + word(self._rng, 40)
        self._issued[digest(token)] = key, dies_at
        return token

    def find_issued(self, token: str, now: float) -> Key | None:
        """Return the key of an access token that has not expired, or None."""
        key, dies_at = self._issued.get(digest(token), (None, 0.0))
        return key if key is not None and now < dies_at else None

    def revoke(self, id: str, now: float) -> bool:
        """Revoke a key. Return False if no valid key has this id."""
        self._keys = {k: v for k, v in self._keys.items() if v.id != id}
        return (
            self._store.run("UPDATE api_key SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL", now, id)
            == 1
        )

    def prefix(self, mode: str, credential: Credential | None = None) -> str:
        """Return the prefix of tokens of a mode, of the first credential if none is given."""
        own = credential or self.model.credential
        return (own.find_prefix(mode) if own is not None else "") or "key_"

    def scopes(self, plan: str | None) -> tuple[str, ...]:
        """Return the scopes of a plan; empty for None."""
        return tuple(self.model.auth.plans.get(plan, ())) if plan else ()


def seed(keyring: Keyring, now: float) -> dict[str, str]:
    """Make keys for every role of the catalogue; return their tokens by role.

    The token for a further scheme has the key `ROLE.SCHEME`. The role `main` has two keys: `test` with the
    ordinary limits, and `unlimited`. The result is empty if the API has no keys.
    """
    tokens: dict[str, str] = {}
    for key in _first_keys(keyring) if keyring.model.credential is not None else ():
        revoked = keyring.model.auth.roles.get(key.role)
        dead = now if revoked is not None and revoked.revoked else None
        tokens[key.role] = keyring.mint(key, seeded=True, revoked_at=dead)
        for scheme in list(keyring.model.credentials)[1:]:
            further = replace(key, id=f"{key.id}_{scheme}", scheme=scheme)
            tokens[f"{key.role}.{scheme}"] = keyring.mint(further, seeded=True, revoked_at=dead)
    return tokens


def ordinary(keyring: Keyring) -> Key:
    """Return a key of the role `main` with the ordinary limits."""
    auth = keyring.model.auth
    widest = max(auth.plans, key=lambda p: len(auth.plans[p]), default=None)
    main = auth.roles.get("main")
    plan = main.plan if main and main.plan else widest
    return Key(
        "key_test",
        "test",
        main.project if main else "main",
        plan,
        keyring.scopes(plan),
        main.mode if main else "test",
    )


def _integration(model: Model, surface: str | None) -> str | None:
    """Return the first attribution value of a surface, which names the agent of its calls; None without a
    surface.
    """
    return next(iter(model.surfaces[surface].attribution.values()), None) if surface else None


def _first_keys(keyring: Keyring) -> list[Key]:
    auth = keyring.model.auth
    roles: Mapping[str, Any] = auth.roles
    first = ordinary(keyring)
    keys = [first, replace(first, id="key_unlimited", role="unlimited", per_minute=UNLIMITED_PER_MINUTE)]
    for name, role in roles.items():
        if name == "main" or (auth.plans and not (role.plan or role.operator)):
            continue  # if keys have plans, a role without one has another kind of secret
        keys.append(
            Key(
                f"key_{name}",
                name,
                role.project,
                role.plan,
                keyring.scopes(role.plan),
                role.mode,
                role.group,
                _integration(keyring.model, role.surface),
                UNLIMITED_PER_MINUTE,
                role.operator,
            )
        )
    if not any(k.operator for k in keys) and keyring.model.operator:
        keys.append(
            Key(
                "key_operator",
                "operator",
                "main",
                None,
                (),
                "test",
                per_minute=UNLIMITED_PER_MINUTE,
                operator=True,
            )
        )
    return keys


# -- credentials of a request


def has_credential(model: Model, request: Request) -> bool:
    """Return whether a request has a value in the place of any credential."""
    return any(find_text(credential, request) is not None for credential in model.credentials.values())


def find_text(credential: Credential, request: Request) -> str | None:
    """Return the text in the credential's place; None if it is missing."""
    if credential.place == "header":
        return request.header(credential.wire)
    if credential.place == "query":
        query = request.target.partition("#")[0].partition("?")[2]
        found = [value for name, value in parse_qsl(query, keep_blank_values=True) if name == credential.wire]
        return found[0] if len(found) == 1 else None
    try:
        cookies = SimpleCookie(request.header("cookie") or "")
    except CookieError:
        return None
    return cookies[credential.wire].value if credential.wire in cookies else None


def find_secret(model: Model, request: Request) -> str | None:
    """Return the first secret of a request in the form of any scheme; None without one."""
    return next((s for c in model.credentials.values() if (s := find_secret_of(c, request))), None)


def find_secret_of(credential: Credential, request: Request) -> str | None:
    """Return the secret of a request in the form of this scheme; None without one."""
    given = find_text(credential, request)
    if given is None:
        return None
    presented = _unwrap(credential, given)
    if presented is None or not credential.encoded:
        return presented or None
    return decode_pair(presented)


def challenge(credential: Credential) -> str | None:
    """Return WWW-Authenticate for a call without a valid secret; None for a key of no HTTP scheme."""
    return f'{credential.word} realm="API"' if credential.any_case else None


def _unwrap(credential: Credential, given: str) -> str | None:
    """Return the secret inside a credential's fixed texts; None if the value has other texts."""
    if credential.any_case:
        scheme, _, rest = given.partition(" ")
        return rest.strip(" ") if scheme.lower() == credential.word.lower() else None
    if not (given.startswith(credential.lead) and given.endswith(credential.tail)):
        return None
    return given[len(credential.lead) : len(given) - len(credential.tail)]


def decode_pair(presented: str) -> str | None:
    """Return `user:password` of its Base64; None if the text is not Base64."""
    try:
        plain = base64.b64decode(presented, validate=True).decode()
    except (binascii.Error, ValueError):
        return None
    return plain if ":" in plain else None
