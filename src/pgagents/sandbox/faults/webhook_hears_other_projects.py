"""An event goes to the webhooks of every project."""

from __future__ import annotations

from typing import Any

from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"sends_events"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Put every event as one that all may hear."""
    outbox = context.courier.outbox
    put = outbox.put

    def everywhere(type: str, data: Any, at: float, *, tenant: str | None, subject: str | None = None) -> str:
        del tenant
        return put(type, data, at, tenant=None, subject=subject)

    outbox.put = everywhere  # type: ignore[method-assign]  # a fault stands in for the outbox's own way
    return handler
