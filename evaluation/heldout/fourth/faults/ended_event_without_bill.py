"""The event of a session's end is made of the session as it was read before, so it is active in it and has
no bill.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.fault_declaration import Context

CLASS = "webhooks"
SUBTLE = True
FORM = "formal"
PROMISE = "webhooks.events.session.ended.data:: session.ended carries the completed session with its bill"


BILL = ("ended_at", "duration_hours", "subtotal", "platform_fee", "owner_payout")


def wrap(handler: Handler, context: Context) -> Handler:
    outbox = context.courier.outbox
    put = outbox.put

    def stale(type: str, data: Any, at: float, *, tenant: str | None, subject: str | None = None) -> str:
        if type == "session.ended":
            data = {**{name: value for name, value in data.items() if name not in BILL}, "status": "active"}
        return put(type, data, at, tenant=tenant, subject=subject)

    outbox.put = stale  # type: ignore[method-assign]  # the same with a mistake
    return handler


def shows(call: Shown) -> Any:
    call.hook("session.ended")
    call.end(call.park())
    return [event["data"]["status"] for event in call.events()]
