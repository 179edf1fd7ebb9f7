"""The client for synchronous code: the same calls, made in an event loop in the background."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from pgagents.client.answer import Answer
from pgagents.client.client import Client
from pgagents.client.connection import connect
from pgagents.model.model import Model

if TYPE_CHECKING:
    from anyio.from_thread import BlockingPortal


class Blocking:
    """A `Client` whose calls block. Several threads may use it at once."""

    def __init__(self, portal: BlockingPortal, client: Client) -> None:
        self._portal, self._client = portal, client

    def answer(self, name: str, message: Any, *, confirmed: bool = False) -> dict[str, Any]:
        """See `Client.answer`."""
        return self._portal.call(partial(self._client.answer, name, message, confirmed=confirmed))

    def call(self, name: str, arguments: Mapping[str, Any], *, confirmed: bool = False) -> Answer:
        """See `Client.call`."""
        return self._portal.call(partial(self._client.call, name, arguments, confirmed=confirmed))


@contextmanager
def connect_blocking(model: Model, url: str, key: str = "", **more: Any) -> Iterator[Blocking]:
    """Yield a blocking client of the server at `url`; `more` goes to `connect`."""
    from anyio.from_thread import start_blocking_portal

    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(connect(model, url, key, **more)) as client,
    ):
        yield Blocking(portal, client)
