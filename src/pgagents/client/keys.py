"""The keys and access tokens of a client's calls, each renewed when it expires or is refused."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote_plus, urlencode, urlsplit

from pgagents.base.errors import PgagentsError
from pgagents.base.http import Request, Response, Silence, read_json
from pgagents.base.text import brief
from pgagents.catalogue.model.credential import Credential, list_parameters
from pgagents.catalogue.model.identity import choose, find_secret, list_secrets, name_holder
from pgagents.catalogue.model.model import Model
from pgagents.client.attempts import Ended
from pgagents.client.environment import CommandSecrets

SendTo = Callable[[str, Request], Awaitable[Response | Silence]]
"""Sends to a base URL; an empty one stands for the API's server."""


class ClientKeys:
    """The keys of a client, of which some are exchanged for access tokens.

    `key` is the secret, or a mapping of the schemes' names to theirs. `commands` print keys anew, which are
    under their schemes' names in `key` too. `send` reaches the token endpoints.
    """

    def __init__(
        self,
        model: Model,
        key: str | Mapping[str, str],
        commands: CommandSecrets | None,
        send: SendTo,
        clock: Callable[[], float],
    ) -> None:
        self.model, self._commands, self._send, self._clock = model, commands, send, clock
        self._keys = _list_keys(model, key)
        self._secrets = tuple(list_secrets(model, self._keys))
        self._tokens = dict[str, Issued]()
        self._fetching = asyncio.Lock()

    @property
    def holder(self) -> str:
        """A text that differs for clients with other keys, and shows none of them."""
        return hashlib.sha256("\n".join(self._secrets).encode()).hexdigest()

    @property
    def secrets(self) -> tuple[str, ...]:
        """The keys and tokens so far, which no answer may show."""
        return (*self._secrets, *(issued.token for issued in self._tokens.values()))

    def choose(self, needs: Sequence[tuple[str, ...]]) -> Sequence[str]:
        """Return the schemes of the first alternative whose secrets are all known; empty if there is none."""
        return choose(self.model, self._keys, "main", needs)

    async def send(
        self, schemes: Sequence[str], send: Callable[[Sequence[tuple[Credential, str]]], Awaitable[Ended]]
    ) -> Ended | str:
        """Send a call with the keys of these schemes. If they are over, send it once more with new ones.

        Return what came, or why there is no key.
        """
        proof = await self.prove(schemes)
        if isinstance(proof, str):
            return proof
        ended = await send(proof)
        if self.is_over(schemes, ended.came):
            proof = await self.prove(schemes, renew=True)
            if not isinstance(proof, str):
                ended = await send(proof)
        self.confirm(schemes, ended.came)
        return ended

    async def prove(
        self, schemes: Sequence[str], *, renew: bool = False
    ) -> list[tuple[Credential, str]] | str:
        """Return the credentials of a call, each with its secret or access token.

        If one is missing, return a text with the reason.
        """
        found = []
        for name in schemes:
            credential = self.model.credentials[name]
            try:
                await self._renew(name_holder(self.model, "main", name), refused=renew)
            except PgagentsError as error:
                return error.message
            secret = find_secret(self.model, self._keys, "main", name)
            if credential.exchange is not None:
                issued = await self._find_token(credential, secret, renew=renew)
                if isinstance(issued, str):
                    return f"the token endpoint gave no token: {issued}"
                secret = issued.token
            found.append((credential, secret))
        return found

    async def _renew(self, holder: str, *, refused: bool) -> None:
        """Run the command of a key again if the key has expired or was refused. Raises PgagentsError."""
        commands = self._commands
        if commands is None or holder not in commands.commands:
            return
        async with self._fetching:
            if refused:
                await asyncio.to_thread(commands.renew, holder)
            key = await asyncio.to_thread(commands.find, holder)
            if key != self._keys.get(holder):
                self._keys = {**self._keys, holder: key}
                self._secrets = (*self._secrets, *list_secrets(self.model, {holder: key}))

    async def _find_token(self, credential: Credential, secret: str, *, renew: bool) -> Issued | str:
        """Return a valid token. It is fetched once for all calls that wait for it."""
        before = self._tokens.get(credential.name)
        async with self._fetching:
            held = self._tokens.get(credential.name)
            if held is not None and self._clock() < held.until and not (renew and held is before):
                return held
            address = find_address(credential, str(self.model.api.server))
            request = make_token_request(credential, secret, address.path)
            issued = read_token(await self._send(address.base, request), self._clock())
            if isinstance(issued, Issued):
                self._tokens[credential.name] = issued
            return issued

    def is_over(self, schemes: Sequence[str], came: Response | Silence | None) -> bool:
        """True if a call was refused for its key and can get another one.

        The token may have been revoked, or the key may have expired.
        """
        statuses = {code.status for code in (self.model.no_key, self.model.wrong_key) if code is not None}
        refused = isinstance(came, Response) and came.status in statuses
        commands = self._commands.commands if self._commands is not None else {}
        return refused and any(
            self.model.credentials[name].exchange is not None
            or name_holder(self.model, "main", name) in commands
            for name in schemes
        )

    def confirm(self, schemes: Sequence[str], came: Response | Silence | None) -> None:
        """Note that a call was not refused for its keys, so that their commands may run again later."""
        if self._commands is not None and isinstance(came, Response) and not self.is_over(schemes, came):
            for name in schemes:
                self._commands.confirm(name_holder(self.model, "main", name))

    def explain_lacking(self, needs: tuple[tuple[str, ...], ...]) -> str:
        """Return which key is missing, and where to get it."""
        names = next((one for one in needs if one), ())
        lacking = [n for n in names if not find_secret(self.model, self._keys, "main", n)]
        credential = self.model.credentials[lacking[0]]
        issued = f"; one is issued at {credential.issue_at}" if credential.issue_at else ""
        which = "" if credential is self.model.credential else f" for `{credential.name}`"
        return f"no API key{which} is set where this is run{issued}"


def _list_keys(model: Model, key: str | Mapping[str, str]) -> dict[str, str]:
    if isinstance(key, str):
        return {"main": key} if key else {}
    return {name_holder(model, "main", name): secret for name, secret in key.items() if secret}


# -- access tokens


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
