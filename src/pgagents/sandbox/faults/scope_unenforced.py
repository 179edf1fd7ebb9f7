"""A key whose plan lacks a scope may do everything."""

from __future__ import annotations

from dataclasses import replace

from pgagents.sandbox.keys import Key
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"needs_scope"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Give every key that is found all scopes."""
    ring, every = context.front.keyring, tuple(context.model.auth.scopes)
    find = ring.find

    def generous(token: str) -> Key | None:
        key = find(token)
        return replace(key, scopes=every) if key else None

    ring.find = generous  # type: ignore[method-assign]  # a fault may replace parts of its own front
    return handler
