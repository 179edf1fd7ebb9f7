"""The keys and access tokens of a client's calls, each renewed when it expires or is refused."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence

from pgagents.client.attempts import Ended
from pgagents.client.keys.secret_command import CommandSecrets
from pgagents.client.keys.token import Issued, find_address, make_token_request, read_token
from pgagents.errors import PgagentsError
from pgagents.http import Request, Response, Silence
from pgagents.model.credential import Credential
from pgagents.model.identity import choose, find_secret, list_secrets, name_holder
from pgagents.model.model import Model

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
    """Return the keys by the names that `identity` uses."""
    if isinstance(key, str):
        return {"main": key} if key else {}
    return {name_holder(model, "main", name): secret for name, secret in key.items() if secret}
