"""The deliveries' timestamp is in milliseconds."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from evaluation.heldout.second.calls import moved
from pgagents.base.http import Handler
from pgagents.sandbox.fault_declaration import Context

CLASS = "webhooks"
SUBTLE = False
FORM = "formal"
PROMISE = "webhooks.signature.tolerance_s:: at most 300 seconds from now"


def wrap(handler: Handler, context: Context) -> Handler:
    inner = context.courier.sign
    context.courier.sign = lambda secret, body, now: inner(secret, body, now * 1000)
    return handler


def shows(call: Shown) -> Any:
    moved(call, 1000)
    call.hook("session.ended")
    call.end(call.park())
    list(call.events())
    return [dict(parcel.headers)["Park-Graph-Signature"].partition(",")[0] for parcel in call.sent]
