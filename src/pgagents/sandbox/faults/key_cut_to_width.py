"""Keys are looked up by as many characters as the column holds, so what follows them is ignored."""

from __future__ import annotations

from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"needs_key"})
ALSO: dict[str, str] = {}
WIDTH = 40


def wrap(handler: Handler, context: Context) -> Handler:
    """Cut what is given to the width of the keys that there are."""
    ring = context.front.keyring
    find = ring.find
    ring.find = lambda token: find(token) or find(token[:WIDTH])  # type: ignore[method-assign]  # a fault replaces it
    return handler
