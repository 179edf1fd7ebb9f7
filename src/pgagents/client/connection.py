"""Open a client of the server at a URL, and close its connections at the end."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from pgagents.client.client import Client
from pgagents.client.send import Sender
from pgagents.model.model import Model


@asynccontextmanager
async def connect(
    model: Model, url: str, key: str | Mapping[str, str] = "", *, cacert: str | None = None, **more: Any
) -> AsyncIterator[Client]:
    """Yield a client of the server at `url`; `more` goes to `Client`."""
    async with connect_by(model, Sender(url, cacert=cacert), key, **more) as client:
        yield client


@asynccontextmanager
async def connect_by(
    model: Model, sender: Sender, key: str | Mapping[str, str] = "", **more: Any
) -> AsyncIterator[Client]:
    """Yield a client that sends through `sender` and closes it at the end. `more` goes to `Client`."""
    try:
        yield Client(model, sender, key, reach=sender.make_other, **more)
    finally:
        await sender.close()
