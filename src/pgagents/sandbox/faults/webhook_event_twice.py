"""Each event is sent twice, as two events with ids of their own."""

from __future__ import annotations

from typing import Any

from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"sends_events"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Put every event once more."""
    outbox = context.courier.outbox
    put = outbox.put

    def twice(type: str, data: Any, at: float, *, tenant: str | None, subject: str | None = None) -> str:
        put(type, data, at, tenant=tenant, subject=subject)
        return put(type, data, at, tenant=tenant, subject=subject)

    outbox.put = twice  # type: ignore[method-assign]  # a fault stands in for the outbox's own way
    return handler
