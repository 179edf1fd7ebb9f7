"""The callers of a hosted server: who calls, within which limits, and with which key of the API."""

from __future__ import annotations

import base64
import hashlib
import importlib
import inspect
import json
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus, urlencode, urlsplit

from pgagents.base.errors import PgagentsError
from pgagents.base.http import Request
from pgagents.catalogue.model.credential import Credential
from pgagents.catalogue.model.model import Model
from pgagents.client.answer import Answer, Problem
from pgagents.client.client import Client
from pgagents.client.environment import header_safe
from pgagents.client.keys import Issued, read_token
from pgagents.client.send import Sender
from pgagents.mcp.settings import note
from pgagents.mcp.token import Issuer

if TYPE_CHECKING:
    from mcp.server.context import ServerRequestContext


@dataclass(frozen=True, slots=True)
class Caller:
    """One user of one application. `subject` is unique for one issuer only (RFC 9068, 2.2)."""

    issuer: str
    subject: str
    client_id: str
    scopes: tuple[str, ...] = ()
    token: str = field(default="", repr=False)

    @property
    def id(self) -> str:
        """Return a text that is unique for the caller."""
        return "\n".join((self.issuer, self.subject, self.client_id))

    @property
    def pseudonym(self) -> str:
        """Return twelve hexadecimal digits for logs, because a subject may be an e-mail address."""
        return hashlib.sha256(self.id.encode()).hexdigest()[:12]


def find_caller(context: ServerRequestContext[Any, Any]) -> Caller | None:
    """Return the caller of the request; None if the server has no sign-in.

    It reads the request itself. A context variable may belong to the request that opened a session, whose
    token has expired.
    """
    user = getattr(context.request, "scope", {}).get("user")
    token = getattr(user, "access_token", None)
    if token is None:
        return None
    issuer = str((token.claims or {}).get("iss", ""))
    subject = token.subject or ""
    return Caller(issuer, subject, token.client_id, tuple(token.scopes), token.token)


# -- limits of each caller


MOST_CALLERS = 10_000
"""Most callers that are remembered. The one without calls for the longest time is forgotten first."""


@dataclass(slots=True)
class _Account:
    left: float
    at: float
    open: int = 0


class Allowance:
    """A limit of `per_minute` calls, all of which may come at once after a pause, and of `at_once` open
    calls.
    """

    def __init__(self, per_minute: int, at_once: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_minute, self._at_once, self._clock = per_minute, at_once, clock
        self._accounts: OrderedDict[str, _Account] = OrderedDict()

    @contextmanager
    def enter(self, caller: str) -> Iterator[Problem | None]:
        """Yield why a call may not be made now, or None. A permitted call is counted until the block ends."""
        account = self._find(caller)
        problem = self._refuse(account)
        if problem is None:
            account.left -= 1
            account.open += 1
        try:
            yield problem
        finally:
            if problem is None:
                account.open -= 1

    def _find(self, caller: str) -> _Account:
        now = self._clock()
        account = self._accounts.pop(caller, None) or _Account(self._per_minute, now)
        account.left = min(self._per_minute, account.left + (now - account.at) * self._per_minute / 60)
        account.at = now
        self._accounts[caller] = account
        while len(self._accounts) > MOST_CALLERS:
            self._accounts.popitem(last=False)
        return account

    def _refuse(self, account: _Account) -> Problem | None:
        if account.open >= self._at_once:
            return Problem(
                "too_many_calls",
                f"{account.open} calls of this caller are under way, and no more may be: wait for one",
                sent=False,
            )
        if account.left >= 1:
            return None
        wait = (1 - account.left) * 60 / self._per_minute
        return Problem(
            "rate_limited",
            f"this caller may make {self._per_minute} calls a minute here; the call was not made",
            retry_after_s=round(wait, 1),
            sent=False,
        )


# -- clients of each caller


Keys = Mapping[str, str]
FindKeys = Callable[[Caller], Awaitable[Keys | Problem]]
"""A function that returns a caller's secret for each scheme, or why there is none."""
MOST_CLIENTS = 10_000
NO_CALLER = Problem("no_caller", "the request names no caller, and each caller needs a key", sent=False)


class SharedClient:
    """The operator's own client for all callers."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def find(self, _caller: Caller | None) -> Client | Problem:
        """Return the client for a caller, or why there is none."""
        return self._client

    def hear(self, _caller: Caller | None, _answer: Answer) -> None:
        """Note the API's answer to a caller."""


class CallerClients(SharedClient):
    """Keep a client for each caller, with only that caller's keys."""

    def __init__(
        self, client: Client, find_keys: FindKeys, forget: Callable[[Caller], None] | None = None
    ) -> None:
        super().__init__(client)
        self._find_keys, self._forget = find_keys, forget
        self._made: OrderedDict[str, tuple[Keys, Client]] = OrderedDict()

    async def find(self, caller: Caller | None) -> Client | Problem:
        """Return a client with the caller's keys. It stays the same as long as the keys do."""
        if caller is None:
            return NO_CALLER
        keys = await self._find_keys(caller)
        if isinstance(keys, Problem):
            return keys
        held = self._made.pop(caller.id, None)
        client = held[1] if held is not None and held[0] == keys else self._client.with_keys(keys)
        self._made[caller.id] = (keys, client)
        while len(self._made) > MOST_CLIENTS:
            self._made.popitem(last=False)
        return client

    def hear(self, caller: Caller | None, answer: Answer) -> None:
        """Forget keys that the API refused, so that the next call looks them up again."""
        if caller is not None and answer.status == 401:
            self._made.pop(caller.id, None)
            if self._forget is not None:
                self._forget(caller)


def knows_users(model: Model) -> bool:
    """Return whether the API distinguishes users, so that one key for all callers would mix them up."""
    return (
        any(credential.by_users for credential in model.credentials.values())
        or any(action.tenant for action in model.actions)
        or any(resource.tenant for resource in model.resources.values())
    )


# -- linked keys


MOST_BYTES = 10_000_000
FORM = 'it maps subjects to keys: {"ada@example.com": "sk_…"}'


def find_linked_keys(model: Model, where: str) -> FindKeys:
    """Return the function that finds a caller's keys. `where` is a JSON file, or `module:function`.

    Raises PgagentsError if the file or function does not exist.
    """
    if not model.credentials:
        raise PgagentsError("the API takes no keys, so callers cannot be linked to any", "leave it out")
    module, colon, name = where.partition(":")
    if colon and not Path(where).exists() and module.replace(".", "").isidentifier() and name.isidentifier():
        ask = _import(module, name)
    else:
        ask = KeyFile(Path(where)).find
    return _checked(model, ask)


class KeyFile:
    """A JSON file that is read again after a change. The last valid content counts."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp: tuple[int, int] = (-1, -1)
        self._keys: Mapping[str, Any] = {}
        self._read()

    def find(self, caller: Caller) -> Any:
        """Return the file's entry for the caller's subject, or None."""
        try:
            self._read()
        except PgagentsError as error:
            note("linked_keys_unreadable", {"why": error.message})
        return self._keys.get(caller.subject)

    def _read(self) -> None:
        try:
            found = self._path.stat()
            stamp = (found.st_mtime_ns, found.st_size)
            if stamp == self._stamp:
                return
            if found.st_size > MOST_BYTES:
                raise PgagentsError(f"{self._path} has more than {MOST_BYTES:,} bytes", "use a function")
            keys = json.loads(self._path.read_text(encoding="utf-8"))
        except OSError as error:
            raise PgagentsError(f"{self._path} cannot be read: {error.strerror}", FORM) from None
        except (ValueError, RecursionError):
            raise PgagentsError(f"{self._path} is not JSON", FORM) from None
        if not isinstance(keys, dict) or not all(_is_entry(one) for one in keys.values()):
            raise PgagentsError(f"{self._path} is not a map of subjects to keys", FORM)
        self._keys, self._stamp = keys, stamp


def _is_entry(one: Any) -> bool:
    return isinstance(one, str) or (
        isinstance(one, dict) and all(isinstance(value, str) for value in one.values())
    )


def _import(module: str, name: str) -> Callable[[Caller], Any]:
    try:
        found = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise PgagentsError(
            f"the function {module}:{name} cannot be imported: {error}",
            "give a module on PYTHONPATH and a function of it",
        ) from None
    if not callable(found):
        raise PgagentsError(
            f"{module}:{name} is not a function", "it takes a Caller and returns a key or None"
        )
    ask: Callable[[Caller], Any] = found
    return ask


def _checked(model: Model, ask: Callable[[Caller], Any]) -> FindKeys:
    first = next(iter(model.credentials))

    async def find_keys(caller: Caller) -> Keys | Problem:
        if not caller.subject:
            return Problem("not_linked", "the sign-in names no user, so no key can be found", sent=False)
        found = ask(caller)
        if inspect.isawaitable(found):
            found = await found
        if not found:
            return _not_linked(model)
        keys = {first: found} if isinstance(found, str) else dict(found)
        try:
            return {
                scheme: header_safe(key, f"the linked key of {caller.pseudonym}", model.credentials[scheme])
                for scheme, key in keys.items()
                if scheme in model.credentials
            }
        except PgagentsError as error:
            note("linked_key_unusable", {"caller": caller.pseudonym, "why": error.message})
            return Problem(
                "bad_key", f"{error.message}; whoever runs this server must correct it", sent=False
            )

    return find_keys


def _not_linked(model: Model) -> Problem:
    issued = model.credential.issue_at if model.credential is not None else None
    where = f"; a key is issued at {issued}" if issued else ""
    return Problem("not_linked", f"this sign-in is not linked to an account of the API{where}", sent=False)


# -- exchanged tokens


GRANT = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
MOST_TOKENS = 10_000


class ApiTokens:
    """Get tokens for the API at `audience`, and keep each until shortly before it expires.

    `client` are our id and secret at the authorization server. `scheme` is the API's scheme that carries the
    tokens.
    """

    def __init__(
        self,
        issuer: Issuer,
        client: tuple[str, str],
        audience: str,
        scheme: str,
        reach: Callable[[str], Sender],
    ) -> None:
        self._issuer, self._audience, self._scheme = issuer, audience, scheme
        pair = ":".join(quote_plus(part) for part in client)  # encoded first, as RFC 6749 (2.3.1) says
        self._basic = f"Basic {base64.b64encode(pair.encode()).decode('ascii')}"
        self._reach = reach
        self._issued: OrderedDict[str, Issued] = OrderedDict()

    async def find_keys(self, caller: Caller) -> Keys | Problem:
        """Return the caller's token for the API, or why there is none."""
        name = _digest(caller.token)
        held = self._issued.get(name)
        if held is None or time.time() >= held.until:
            issued = await self._ask(caller.token)
            if isinstance(issued, str):
                return Problem("no_token", f"the sign-in gave no token for the API: {issued}", sent=False)
            held = issued
            self._issued[name] = held
        self._issued.move_to_end(name)
        while len(self._issued) > MOST_TOKENS:
            self._issued.popitem(last=False)
        return {self._scheme: held.token}

    def forget(self, caller: Caller) -> None:
        """Forget the caller's token."""
        self._issued.pop(_digest(caller.token), None)

    async def _ask(self, token: str) -> Issued | str:
        try:
            endpoint = (await self._issuer.read()).token_endpoint
        except PgagentsError as error:
            return error.message
        parts = urlsplit(endpoint)
        form = {
            "grant_type": GRANT,
            "subject_token": token,
            "subject_token_type": ACCESS_TOKEN,
            "requested_token_type": ACCESS_TOKEN,
            "audience": self._audience,
        }
        headers = (
            ("Authorization", self._basic),
            ("Content-Type", "application/x-www-form-urlencoded"),
            ("Accept", "application/json"),
        )
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        sender = self._reach(f"{parts.scheme}://{parts.netloc}")
        try:
            came = await sender(Request("POST", path, headers, urlencode(form).encode()))
        finally:
            await sender.close()
        return read_token(came, time.time())


def find_token_scheme(model: Model) -> Credential:
    """Return the API's scheme for bearer tokens. Raises PgagentsError if it has none."""
    for credential in model.credentials.values():
        if credential.place == "header" and credential.lead == "Bearer ":
            return credential
    raise PgagentsError(
        "the API takes no bearer tokens, so a token exchange gives nothing that it accepts",
        "link each caller to a key of the API instead: --linked-keys FILE",
    )


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
