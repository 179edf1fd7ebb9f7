"""A key that was revoked is still taken."""

from __future__ import annotations

from pgagents.sandbox.keys import LIFTED_PER_MINUTE, Key, digest
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"needs_key"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Look for dead keys too."""
    ring, store = context.front.keyring, context.front.store
    find = ring.find
    plan = max(context.model.auth.plans, key=lambda p: len(context.model.auth.plans[p]), default=None)
    undead = Key("key_undead", "made", "main", plan, ring.scopes(plan), "test", per_minute=LIFTED_PER_MINUTE)

    def forgiving(token: str) -> Key | None:
        dead = store.row("SELECT 1 FROM api_key WHERE hash = ? AND revoked_at IS NOT NULL", digest(token))
        return undead if dead else find(token)

    ring.find = forgiving  # type: ignore[method-assign]  # a fault may replace parts of its own front
    return handler
