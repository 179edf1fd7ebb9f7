"""The clients for the calls of a hosted server: one for each caller, or the operator's for all."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping

from pgagents.client.answer import Answer, Problem
from pgagents.client.client import Client
from pgagents.mcp.hosting.caller import Caller
from pgagents.model.model import Model

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
