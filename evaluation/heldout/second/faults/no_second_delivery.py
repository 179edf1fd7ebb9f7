"""A delivery counts as done once an answer came, whatever its status: after a 503 it is not sent again."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from evaluation.heldout.second.calls import moved
from pgagents.base.http import Handler
from pgagents.sandbox.deliver import Parcel
from pgagents.sandbox.fault_declaration import Context

CLASS = "webhooks"
SUBTLE = True
FORM = "formal"
PROMISE = "webhooks.again_within_s:: 60"


def wrap(handler: Handler, context: Context) -> Handler:
    outbox = context.courier.outbox
    inner = outbox.mark_failed
    outbox.mark_failed = (  # type: ignore[method-assign]  # a fault
        lambda delivery, note, again_in_s: inner(
            delivery, note, None if note.startswith("answered ") else again_in_s
        )
    )
    return handler


def shows(call: Shown) -> Any:
    sent: list[bytes] = []

    def post(parcel: Parcel) -> str:
        sent.append(parcel.body)
        return "answered 503"

    call.sandbox.courier._post = post
    call.hook("session.ended")
    call.end(call.park())
    for _ in range(3):
        call.sandbox.courier.round()
        moved(call, 20)
    return len(sent)
