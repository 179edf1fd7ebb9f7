"""A key that the operator makes may do whatever the operator may."""

from __future__ import annotations

from dataclasses import replace

from pgagents.sandbox.keys import Key
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"runs_workflows"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Hand its maker's right on to every key."""
    keyring = context.front.keyring
    mint = keyring.mint

    def hand_on(key: Key, *, seeded: bool = False, revoked_at: float | None = None) -> str:
        return mint(replace(key, operator=True), seeded=seeded, revoked_at=revoked_at)

    keyring.mint = hand_on  # type: ignore[method-assign]  # a fault stands in for the keyring's own way
    return handler
