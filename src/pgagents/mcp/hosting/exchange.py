"""Exchange a caller's token for one that the API accepts (RFC 8693).

The caller's own token was issued for this server, and is sent to no other. The authorization server returns a
token for the API with the caller as its subject.
"""

from __future__ import annotations

import base64
import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable
from urllib.parse import quote_plus, urlencode, urlsplit

from pgagents.client.answer import Problem
from pgagents.client.keys.token import Issued, read_token
from pgagents.client.send import Sender
from pgagents.errors import PgagentsError
from pgagents.http import Request
from pgagents.mcp.hosting.caller import Caller
from pgagents.mcp.hosting.clients import Keys
from pgagents.mcp.hosting.issuer import Issuer
from pgagents.model.credential import Credential
from pgagents.model.model import Model

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
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._issuer, self._audience, self._scheme = issuer, audience, scheme
        pair = ":".join(quote_plus(part) for part in client)  # encoded first, as RFC 6749 (2.3.1) says
        self._basic = f"Basic {base64.b64encode(pair.encode()).decode('ascii')}"
        self._reach, self._clock = reach, clock
        self._issued: OrderedDict[str, Issued] = OrderedDict()

    async def find_keys(self, caller: Caller) -> Keys | Problem:
        """Return the caller's token for the API, or why there is none."""
        name = _digest(caller.token)
        held = self._issued.get(name)
        if held is None or self._clock() >= held.until:
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
        return read_token(came, self._clock())


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
