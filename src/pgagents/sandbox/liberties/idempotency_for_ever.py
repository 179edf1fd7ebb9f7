"""Idempotency keys are never forgotten: a client that makes a new one for each call does not notice."""

from __future__ import annotations

from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

POINT = None


def wrap(handler: Handler, context: Context) -> Handler:
    """Put off every key's end."""
    context.front.store.script(
        "CREATE TRIGGER IF NOT EXISTS keys_stay AFTER INSERT ON idempotency WHEN NEW.dies_at < 1e12 "
        "BEGIN UPDATE idempotency SET dies_at = 1e12 WHERE key_id = NEW.key_id AND value = NEW.value; END"
    )
    return handler
