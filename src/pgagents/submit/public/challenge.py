"""Check the file that proves to a store who owns the domain: one token as plain text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urljoin

from pgagents.model.model import Model
from pgagents.submit.lack import Lack
from pgagents.submit.public.fetching import Visitor
from pgagents.submit.store import Store

_TOKEN = re.compile(rb"[\x21-\x7e]{8,500}")


def check_challenge(model: Model, store: Store, visitor: Visitor, mcp_url: str, token: str) -> Iterator[Lack]:
    """Yield a finding if the host of the MCP server does not answer with the token.

    If `token` is empty, any single token is accepted, because only the store knows the right one.
    """
    if not store.challenge:
        return
    server = model.mcp_server
    origin = server.origin if server is not None else model.surfaces["mcp"].origin
    url = urljoin(mcp_url, store.challenge)
    visit = visitor.get(url, "text/plain")
    help = "put the token of the store's form there, as plain text and nothing else"
    if visit.problem or visit.answer is None:
        yield Lack("challenge", origin, f"{url} does not prove the domain: {visit.problem}", help)
        return
    body = visit.answer.body.strip()
    if not _TOKEN.fullmatch(body) or body[:1] in b'{["<':
        yield Lack("challenge", origin, f"{url} does not prove the domain: it is no single token", help)
    elif token and body != token.encode():
        message = f"{url} does not prove the domain: it has another token than --challenge"
        yield Lack("challenge", origin, message, help)
