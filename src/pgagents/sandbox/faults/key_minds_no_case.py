"""Keys are compared without their case, as the database compares texts."""

from __future__ import annotations

from pgagents.sandbox.keys import Key
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"needs_key"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Remember every key that was found, and find it again by its letters in any case."""
    ring = context.front.keyring
    find, met = ring.find, dict[str, str]()

    def found(token: str) -> Key | None:
        key = find(token)
        if key is not None:
            met[token.lower()] = token
        return key or find(met.get(token.lower(), token))

    ring.find = found  # type: ignore[method-assign]  # a fault replaces it
    return handler
