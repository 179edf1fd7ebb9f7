"""A body that is just as large as may be is refused as too large."""

from __future__ import annotations

from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"framework"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Take one byte less."""
    most = context.front._most_bytes
    context.front._most_bytes = most - 1 if most is not None else None
    return handler
