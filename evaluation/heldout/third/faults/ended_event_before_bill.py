"""The event of an ended session is made before the bill is, so it tells an active session without one."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from evaluation.heldout.third.around import events
from pgagents.base.http import Handler
from pgagents.sandbox.fault_declaration import Context

CLASS = "webhooks"
SUBTLE = True
FORM = "formal"
PROMISE = (
    "webhooks.events.session.ended.data:: the event of an ended session has the completed session with "
    "its bill"
)


_BILL = ("ended_at", "duration_hours", "subtotal", "platform_fee", "owner_payout")


def wrap(handler: Handler, context: Context) -> Handler:
    def edit(type: str, data: Any, _: dict[str, Any]) -> Any:
        if type != "session.ended":
            return data
        return {**{name: value for name, value in data.items() if name not in _BILL}, "status": "active"}

    events(context, edit)
    return handler


def shows(call: Shown) -> Any:
    call.hook("session.ended")
    call.end(call.park())
    return [sorted(event["data"]) for event in call.events()]
