"""The live client: an httpx client as a `wire.Handler`, with every answer bounded."""

from __future__ import annotations

from pgagents.wire import Handler


def client(url: str, *, timeout_s: float = 30.0, max_bytes: int = 4_000_000, cacert: str | None = None) -> Handler:
    """A handler that sends to the server at `url` over one kept-alive connection; never raises for what a server does."""
    raise NotImplementedError
