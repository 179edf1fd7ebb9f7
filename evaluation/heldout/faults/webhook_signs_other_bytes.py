"""The signature is made over the event with its members sorted, not over the bytes that are sent."""

from __future__ import annotations

import json
from typing import Any

from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.fault_declaration import Context

CLASS = "webhooks"
SUBTLE = True
PROMISE = "Webhooks out: HMAC-SHA256 over timestamp.body"


def wrap(handler: Handler, context: Context) -> Handler:
    sign = context.courier.sign
    context.courier.sign = lambda secret, body, at: sign(
        secret, json.dumps(json.loads(body), sort_keys=True).encode(), at
    )
    return handler


def shows(call: Shown) -> Any:
    call.hook("session.created")
    call.park()
    list(call.events())
    return [dict(parcel.headers) for parcel in call.sent]
