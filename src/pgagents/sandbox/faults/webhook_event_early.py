"""The event of an end tells the session as it was before it ended: it was written before the change."""

from __future__ import annotations

from typing import Any

from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"sends_events"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """An active session in the event. Park Graph's members."""
    outbox = context.courier.outbox
    put = outbox.put

    def early(type: str, data: Any, at: float, *, tenant: str | None, subject: str | None = None) -> str:
        told = {**data, "status": "active"} if type == "session.ended" else data
        return put(type, told, at, tenant=tenant, subject=subject)

    outbox.put = early  # type: ignore[method-assign]  # a fault stands in for the outbox's own way
    return handler
