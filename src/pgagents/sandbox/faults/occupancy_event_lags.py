"""The event of a lot's free spaces is put together before the count changes, so the number in it is the one before."""

from __future__ import annotations

from typing import Any

from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"events_fit"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Tell the count that was told of the lot before; its share in per cent is reckoned anew."""
    outbox = context.courier.outbox
    put, told = outbox.put, dict[str, int]()

    def lagging(type: str, data: Any, at: float, *, tenant: str | None, subject: str | None = None) -> str:
        if type == "occupancy.changed":
            now = int(data["available"])
            data = {**data, "available": told.get(data["lot_id"], min(now + 1, data["total"]))}
            told[data["lot_id"]] = now
        return put(type, data, at, tenant=tenant, subject=subject)

    outbox.put = lagging  # type: ignore[method-assign]  # a fault stands in for the outbox's own way
    return handler
