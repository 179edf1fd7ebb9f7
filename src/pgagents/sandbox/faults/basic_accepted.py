"""The scheme before a key is not looked at."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request

BREAKS = frozenset({"needs_key"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, _context: Context) -> Handler:
    """Call every scheme Bearer."""

    def repair(request: Request) -> Request:
        scheme, _, token = (request.header("authorization") or "").partition(" ")
        return request.with_header("Authorization", f"Bearer {token}") if scheme and token else request

    return meddle.repairs(handler, repair)
