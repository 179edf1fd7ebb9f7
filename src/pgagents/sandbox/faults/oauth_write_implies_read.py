"""A token that may write may read as well, whether its user granted that or not."""

from __future__ import annotations

from dataclasses import replace

from pgagents.sandbox.keys import Key
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"needs_grant"})
ALSO: dict[str, str] = {}
WRITE, READ = "sessions:write", "read"


def wrap(handler: Handler, context: Context) -> Handler:
    """Add the one scope where there is the other. Park Graph's names."""
    grants = context.front.grants
    if grants is None:
        return handler
    find = grants.key

    def wide(text: str, now: float) -> Key | None:
        key = find(text, now)
        granted = key.granted or () if key is not None else ()
        return replace(key, granted=(*granted, READ)) if key is not None and WRITE in granted else key

    grants.key = wide  # type: ignore[method-assign]  # a fault stands in for the grants' own way
    return handler
