"""An event is put together for each attempt and gets a new id each time, so a receiver cannot tell a
redelivery.
"""

from __future__ import annotations

import json
from typing import Any

from evaluation.heldout.calls import Shown
from evaluation.heldout.fourth.around import members
from pgagents.base.http import Handler, json_bytes
from pgagents.sandbox.fault_declaration import Context
from pgagents.sandbox.outbox import Delivery

CLASS = "webhooks"
SUBTLE = True
FORM = "words"
PROMISE = "schemas.Event.properties.id.description:: a redelivery keeps the event's id"


def wrap(handler: Handler, context: Context) -> Handler:
    compose = context.courier.compose

    def again(delivery: Delivery) -> bytes:
        body = compose(delivery)
        if not delivery.attempts:
            return body
        return json_bytes({**members(body), "id": f"{delivery.event_id}{delivery.attempts}"})

    context.courier.compose = again
    return handler


def shows(call: Shown) -> Any:
    call.sandbox.courier._post = lambda parcel: "answered 500" if call.sent.append(parcel) is None else ""
    call.hook("session.created")
    call.park()
    call.sandbox.courier.round()
    call.passed_s += 30
    call.sandbox.courier.round()
    return [json.loads(parcel.body)["id"] == json.loads(call.sent[0].body)["id"] for parcel in call.sent]
