"""Idempotency keys are compared without case, so a new key is taken for a used one."""

from __future__ import annotations

from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"idempotency"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Keep keys in a column that knows no case."""
    store = context.front.store
    row = store.row("SELECT sql FROM sqlite_master WHERE name = 'idempotency'")
    assert row is not None
    store.script("DROP TABLE idempotency;" + str(row["sql"]).replace("value TEXT NOT NULL", "value TEXT NOT NULL COLLATE NOCASE"))
    return handler
