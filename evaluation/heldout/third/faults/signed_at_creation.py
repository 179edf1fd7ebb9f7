"""Events are signed when they are written, not when they are sent, so one that waits longer than five
minutes is refused as too old.
"""

from __future__ import annotations

import json
from typing import Any

from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.fault_declaration import Context

CLASS = "webhooks"
SUBTLE = True
FORM = "formal"
PROMISE = "webhooks.signature.tolerance_s:: a delivery is signed no more than 300 seconds before it comes"


def wrap(handler: Handler, context: Context) -> Handler:
    courier = context.courier
    put, signed, written = courier.outbox.put, courier.sign, {}

    def noted(*args: Any, **more: Any) -> str:
        id = put(*args, **more)
        written[id] = courier._wall()
        return id

    courier.outbox.put = noted  # type: ignore[method-assign]
    courier.sign = lambda secret, body, now: signed(secret, body, written.get(json.loads(body)["id"], now))
    return handler


def shows(call: Shown) -> Any:
    call.hook("session.created")
    call.park()
    call.passed_s += 400
    list(call.events())
    return dict(call.sent[0].headers)["Park-Graph-Signature"].partition(",")[0]
