"""The end of a session sends no event."""

from __future__ import annotations

from typing import Any

from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"sends_events"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Put those events nowhere."""
    outbox = context.courier.outbox
    put = outbox.put

    def some(type: str, data: Any, at: float, *, tenant: str | None, subject: str | None = None) -> str:
        return "" if type == "session.ended" else put(type, data, at, tenant=tenant, subject=subject)

    outbox.put = some  # type: ignore[method-assign]  # a fault stands in for the outbox's own way
    return handler
