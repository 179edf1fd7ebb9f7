"""Check addresses: the tested servers are those in the package, and they are public."""

from __future__ import annotations

from collections.abc import Iterator

from pgagents.model.model import Model
from pgagents.source.source import Pointer
from pgagents.submit.lack import Lack
from pgagents.submit.public.fetching import Visitor
from pgagents.submit.store import Store


def check_kind(model: Model, store: Store) -> Iterator[Lack]:
    """Yield a finding if a store connects to hosted servers only, and the catalogue has none."""
    server = model.mcp_server
    if store.hosted and (server is None or not server.url):
        origin = model.surfaces["mcp"].origin if server is None else server.origin
        message = f"{store.title} connects to a hosted MCP server only, and the catalogue names none"
        help = "host it (`pgagents mcp --http`), and write `server: {url: https://…, version: …}`"
        yield Lack("address", origin, message, help)


def check_addresses(model: Model, visitor: Visitor, url: str, mcp_url: str) -> Iterator[Lack]:
    """Yield addresses that are not public, and those that differ from the package's."""
    server = model.mcp_server
    at: Pointer = ("api", "server")
    named = [(str(model.api.server), url, at, "API")]
    if server is not None and server.url:
        named.append((str(server.url), mcp_url, server.origin, "MCP server"))
    for written, proved, origin, what in named:
        if why := visitor.find_private(written):
            yield Lack("address", origin, f"the {what}'s address {written} is not public: {why}")
        elif written.rstrip("/") != proved.rstrip("/"):
            message = f"the {what} was proved at {proved or 'no address'}, and the package names {written}"
            yield Lack("address", origin, message, "prove the server that the store will call")
