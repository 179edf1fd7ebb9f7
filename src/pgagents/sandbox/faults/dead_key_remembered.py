"""A key that was taken once is remembered, so it is taken after it was deleted, too."""

from __future__ import annotations

from pgagents.sandbox.keys import Key
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"runs_workflows"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Keep every key that was ever found."""
    ring = context.front.keyring
    find, known = ring.find, dict[str, Key]()

    def cached(token: str) -> Key | None:
        found = find(token)
        if found is not None:
            known[token] = found
        return known.get(token)

    ring.find = cached  # type: ignore[method-assign]  # a fault may replace parts of its own front
    return handler
