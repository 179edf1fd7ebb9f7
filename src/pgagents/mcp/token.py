"""Verify bearer tokens by introspection or by their signature, with the issuer's metadata and the scopes."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode, urlsplit

from pgagents.base.errors import PgagentsError
from pgagents.base.http import Request, Response, is_exposed, read_json
from pgagents.catalogue.model.action import Action
from pgagents.catalogue.model.model import Model
from pgagents.client.answer import Problem
from pgagents.client.send import Sender

if TYPE_CHECKING:
    from mcp.server.auth.provider import AccessToken, TokenVerifier
    from starlette.types import ASGIApp, Receive, Scope, Send


ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
"""Algorithms with a key pair. `none` and shared secrets are excluded (RFC 8725, 3.1 and 3.2)."""
FRESH_S = 600.0
AGAIN_S = 30.0
LEEWAY_S = 30
FAILED_S = 5.0
"""Seconds after a failure before the keys are requested again."""
REFUSED_S = 60.0
"""Seconds for which a refused token counts as refused without another question."""
MOST_REFUSED = 60
MOST_KNOWN = 10_000
AT_ONCE = 8
LAST_S = 2**53
"""The latest time at which a token may expire, in seconds since 1970; it excludes what is not a number."""
MAX_TOKEN = 8_000
METADATA = (
    "/.well-known/oauth-authorization-server{}",
    "/.well-known/openid-configuration{}",
    "{}/.well-known/openid-configuration",
)
"""Places of an issuer's metadata.

The issuer's path follows or precedes the well-known name (RFC 8414, 3.1 and 5).
"""


class IssuerError(Exception):
    """The authorization server could not be asked about a token, which may be good."""


class Refused:
    """Tokens that the authorization server refused, and a bound for asking it about further ones.

    Strangers can send any number of tokens, and each would be a call to the authorization server. It is asked
    about at most MOST_REFUSED of them a minute that turn out bad, by at most AT_ONCE calls at a time. Tokens
    that were good before are always asked about.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._refused: OrderedDict[bytes, float] = OrderedDict()
        self._good: OrderedDict[bytes, None] = OrderedDict()
        self.turns = asyncio.Semaphore(AT_ONCE)

    def is_refused(self, token: str) -> bool:
        """True if the authorization server refused the token less than REFUSED_S seconds ago."""
        return self._clock() - self._refused.get(_digest(token), float("-inf")) < REFUSED_S

    def check_room(self, token: str) -> None:
        """Raise IssuerError if too many tokens were refused to ask about one that was never good."""
        since = self._clock() - REFUSED_S
        while self._refused and next(iter(self._refused.values())) < since:
            self._refused.popitem(last=False)
        if len(self._refused) >= MOST_REFUSED and _digest(token) not in self._good:
            raise IssuerError("too many tokens were refused; the authorization server is not asked now")

    def note(self, token: str, *, good: bool) -> None:
        """Note what the authorization server said of a token."""
        key = _digest(token)
        self._refused.pop(key, None)
        self._good.pop(key, None)
        if good:
            self._good[key] = None
            if len(self._good) > MOST_KNOWN:
                self._good.popitem(last=False)
        else:
            self._refused[key] = self._clock()


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


class Introspection:
    """Ask the authorization server about each token, with our own credentials."""

    def __init__(
        self,
        sender: Sender,
        path: str,
        issuer: str,
        resource: str,
        client: tuple[str, str],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sender, self._path, self._issuer, self._resource = sender, path, issuer, resource
        pair = ":".join(quote(part, safe="") for part in client)  # RFC 6749, 2.3.1
        self._basic = f"Basic {base64.b64encode(pair.encode()).decode()}"
        self._refused = Refused(clock)

    async def verify_token(self, token: str) -> AccessToken | None:
        """Return the token's rights; None if it is not valid for this server.

        Raises IssuerError if the authorization server gives no answer, or may not be asked.
        """
        if len(token) > MAX_TOKEN or self._refused.is_refused(token):
            return None
        self._refused.check_room(token)
        async with self._refused.turns:
            if self._refused.is_refused(token):
                return None
            self._refused.check_room(token)
            rights = await self._ask(token)
            self._refused.note(token, good=rights is not None)
        return rights

    async def _ask(self, token: str) -> AccessToken | None:
        form = (
            ("Authorization", self._basic),
            ("Content-Type", "application/x-www-form-urlencoded"),
            ("Accept", "application/json"),
        )
        body = urlencode({"token": token, "token_type_hint": "access_token"}).encode()
        came = await self._sender(Request("POST", self._path, form, body))
        told = read_json(came.body).value if isinstance(came, Response) and came.status == 200 else None
        if not isinstance(told, Mapping):
            raise IssuerError("the authorization server gives no answer about a token")
        if told.get("active") is not True or told.get("iss", self._issuer) != self._issuer:
            return None
        return access(token, told, self._resource)


class Signed:
    """Check a JWT's signature (RFC 9068) with the authorization server's published keys, which are cached."""

    def __init__(
        self, sender: Sender, path: str, issuer: str, resource: str, clock: Callable[[], float] = time.time
    ) -> None:
        self._sender, self._path, self._issuer, self._resource, self._clock = (
            sender,
            path,
            issuer,
            resource,
            clock,
        )
        self._keys: Any = None
        self._at = float("-inf")
        self._fetched = False
        self._fetching = asyncio.Lock()

    async def verify_token(self, token: str) -> AccessToken | None:
        """Return the token's rights; None if it is not valid for this server.

        Raises IssuerError if the key is not known and the authorization server's keys cannot be read.
        """
        import jwt

        if len(token) > MAX_TOKEN:
            return None
        try:
            key = await self._key(jwt.get_unverified_header(token).get("kid"))
            if key is None:
                return None
            told = jwt.decode(
                token,
                key.key,
                algorithms=ALGORITHMS,
                audience=self._resource,
                issuer=self._issuer,
                leeway=LEEWAY_S,
                options={"require": ["exp", "iss", "aud"]},
            )
        except (jwt.PyJWTError, ValueError, TypeError):
            return None
        return access(token, told, self._resource)

    async def _key(self, id: Any) -> Any:
        """Return the key of an id, or None.

        Old keys are fetched again. An unknown id also causes a fetch, but not every time. Callers wait for
        one fetch together; those whose key is known do not wait. A failed fetch leaves the keys as they are.
        """
        found = self._find(id)
        is_fetching = self._fetching.locked()
        if (is_fetching and found is not None) or not (is_fetching or self._is_due(found)):
            return self._require(found)
        async with self._fetching:
            if self._is_due(self._find(id)):
                await self._fetch()
        return self._require(self._find(id))

    def _is_due(self, found: Any) -> bool:
        age = self._clock() - self._at
        again = AGAIN_S if self._fetched else FAILED_S
        return (found is None and age > again) or age > FRESH_S

    def _require(self, found: Any) -> Any:
        if found is None and not self._fetched:
            raise IssuerError("the authorization server's keys cannot be read")
        return found

    def _find(self, id: Any) -> Any:
        keys = self._keys.keys if self._keys is not None else []
        if id is None:
            return keys[0] if len(keys) == 1 else None
        return next((key for key in keys if key.key_id == id), None)

    async def _fetch(self) -> None:
        import jwt

        self._at, self._fetched = self._clock(), False
        came = await self._sender(Request("GET", self._path, (("Accept", "application/json"),)))
        if not isinstance(came, Response) or came.status != 200:
            return
        try:
            self._keys = jwt.PyJWKSet.from_dict(read_json(came.body).value)
        except (jwt.PyJWTError, TypeError, AttributeError):
            return
        self._fetched = True


def access(token: str, told: Mapping[str, Any], resource: str) -> AccessToken | None:
    """Return the token's rights in the SDK's form.

    None if it was issued for another resource, or has no time at which it expires.
    """
    from mcp.server.auth.provider import AccessToken

    meant = told.get("aud", told.get("resource"))
    if not any(_same(one, resource) for one in (meant if isinstance(meant, list) else [meant])):
        return None
    scope, expires = told.get("scope", told.get("scp", "")), told.get("exp")
    if isinstance(expires, bool) or not isinstance(expires, int | float) or not 0 < expires < LAST_S:
        return None
    scopes = [str(one) for one in scope] if isinstance(scope, list) else str(scope).split()
    who = told.get("client_id") or told.get("azp") or told.get("sub") or ""
    return AccessToken(
        token=token,
        client_id=str(who),
        scopes=scopes,
        resource=resource,
        subject=str(told["sub"]) if told.get("sub") else None,
        expires_at=int(expires),
        claims={"iss": told["iss"]} if told.get("iss") else None,
    )


def _same(one: Any, resource: str) -> bool:
    return isinstance(one, str) and one.removesuffix("/") == resource.removesuffix("/")


def make_verifier(
    metadata: Mapping[str, Any],
    issuer: str,
    resource: str,
    client: tuple[str, str] | None,
    *,
    cacert: str | None,
) -> Introspection | Signed:
    """Return the verifier of an issuer's tokens, chosen by its metadata.

    `client` are our credentials at the issuer, which introspection needs. Raises PgagentsError if the
    metadata name no endpoint.
    """
    which = "introspection_endpoint" if client else "jwks_uri"
    url = metadata.get(which)
    if (
        not isinstance(url, str)
        or urlsplit(url).scheme not in ("http", "https")
        or not urlsplit(url).hostname
    ):
        raise PgagentsError(
            f"the metadata of {issuer} has no `{which}`",
            "give the issuer of an authorization server that can check its tokens",
        )
    parts = urlsplit(url)
    named = str(metadata["issuer"])  # tokens repeat the issuer exactly, including a final slash
    sender = Sender(f"{parts.scheme}://{parts.netloc}", cacert=cacert, timeout_s=10)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return (
        Introspection(sender, path, named, resource, client)
        if client
        else Signed(sender, path, named, resource)
    )


async def read_metadata(issuer: str, cacert: str | None) -> Mapping[str, Any]:
    """Return the metadata of an authorization server.

    Raises PgagentsError if they are missing or name another issuer.
    """
    parts = urlsplit(issuer)
    own = parts.path.rstrip("/")
    sender = Sender(f"{parts.scheme}://{parts.netloc}", cacert=cacert, timeout_s=10)
    try:
        for path in (place.format(own) for place in METADATA):
            came = await sender(Request("GET", path, (("Accept", "application/json"),)))
            told = read_json(came.body).value if isinstance(came, Response) and came.status == 200 else None
            if isinstance(told, Mapping) and str(told.get("issuer", "")).rstrip("/") == issuer.rstrip("/"):
                return told
    finally:
        await sender.close()
    raise PgagentsError(
        f"{issuer} has no metadata of an authorization server",
        "give --issuer just as that server's metadata names it",
    )


# -- the issuer


METADATA_AGAIN_S = 5.0
"""Seconds after a failure before the metadata are requested again."""


@dataclass(frozen=True, slots=True)
class Known:
    """The verifier of tokens, and the endpoint that exchanges them; empty if the metadata name none."""

    verifier: TokenVerifier
    endpoint: str

    @property
    def token_endpoint(self) -> str:
        """Return the URL of the token endpoint. Raises PgagentsError where the metadata name none."""
        if not self.endpoint:
            raise PgagentsError("the issuer's metadata have no `token_endpoint`", "it cannot exchange tokens")
        if is_exposed(self.endpoint):
            raise PgagentsError("the issuer's `token_endpoint` has no TLS", "tokens travel over https only")
        return self.endpoint


class Issuer:
    """Verify tokens for `resource`, this server's public URL. `client` are our credentials at the issuer."""

    def __init__(
        self,
        url: str,
        resource: str,
        client: tuple[str, str] | None,
        *,
        cacert: str | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.url, self._resource, self._client, self._cacert = url, resource, client, cacert
        self._clock = clock
        self._known: Known | None = None
        self._failed: tuple[float, PgagentsError] | None = None
        self._reading = asyncio.Lock()

    async def read(self) -> Known:
        """Read the metadata, and return their facts. Raises PgagentsError if they cannot be read."""
        if self._known is not None:
            return self._known
        async with self._reading:
            return await self._read()

    async def _read(self) -> Known:
        if self._known is not None:
            return self._known
        if self._failed is not None and self._clock() - self._failed[0] < METADATA_AGAIN_S:
            raise self._failed[1]
        try:
            metadata = await read_metadata(self.url, self._cacert)
            verifier = make_verifier(metadata, self.url, self._resource, self._client, cacert=self._cacert)
        except PgagentsError as error:
            self._failed = (self._clock(), error)
            raise
        endpoint = metadata.get("token_endpoint")
        self._known = Known(verifier, endpoint if isinstance(endpoint, str) else "")
        return self._known

    async def verify_token(self, token: str) -> AccessToken | None:
        """Return the token's rights; None if it is not valid for this server.

        Raises IssuerError if the authorization server cannot be asked.
        """
        try:
            known = await self.read()
        except PgagentsError as error:
            raise IssuerError(error.message) from None
        return await known.verifier.verify_token(token)


# -- scopes


def lacking(model: Model, action: Action, held: set[str]) -> str | None:
    """Return the first scope that the action needs and the token lacks; None if it has all."""
    needs = model.code_flow.needs if model.code_flow else {}
    return next(
        (scope for scope, actions in needs.items() if action.name in actions and scope not in held), None
    )


def scope_check(model: Model) -> Callable[[Action], Problem | None]:
    """Return a function that checks whether the current caller may call an action."""
    from mcp.server.auth.middleware.auth_context import get_access_token

    def check_scope(action: Action) -> Problem | None:
        token = get_access_token()
        lacks = lacking(model, action, set(token.scopes) if token else set())
        if lacks is None:
            return None
        return Problem(
            "insufficient_scope",
            f"this needs the scope `{lacks}`, which the sign-in did not give",
            scope=lacks,
            sent=False,
        )

    return check_scope


class StepUp:
    """Refuse a tool call whose token lacks a scope with 403, so that the client can ask its user (RFC 6750,
    3.1).

    Since 2026-07-28 a header names the tool of a call. An older call is passed to the server, whose result
    has the same error.
    """

    def __init__(self, app: ASGIApp, model: Model, named: dict[str, Action], metadata_url: str) -> None:
        self._app, self._model, self._named, self._metadata_url = app, model, named, metadata_url

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, or refuse it with 403."""
        headers = dict(scope.get("headers", ()))
        name = (
            headers.get(b"mcp-name", b"").decode("latin-1")
            if headers.get(b"mcp-method") == b"tools/call"
            else ""
        )
        token = getattr(scope.get("user"), "access_token", None)
        held = list(token.scopes) if token is not None else []
        lacks = (
            lacking(self._model, self._named[name], set(held))
            if token is not None and name in self._named
            else None
        )
        if lacks is None:
            await self._app(scope, receive, send)
            return
        said = f"{name} needs the scope {lacks}"
        wanted = " ".join([*held, lacks])
        challenge = (
            f'Bearer error="insufficient_scope", scope="{wanted}", '
            f'resource_metadata="{self._metadata_url}", error_description="{said}"'
        )
        body = json.dumps({"error": "insufficient_scope", "error_description": said}).encode()
        sent = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        sent.append((b"www-authenticate", challenge.encode("ascii", "replace")))
        await send({"type": "http.response.start", "status": 403, "headers": sent})
        await send({"type": "http.response.body", "body": body})
