"""Events get their id when they are sent, so one that is sent again has another."""

from __future__ import annotations

import json
from typing import Any

from evaluation.heldout.calls import Shown
from evaluation.heldout.second.calls import moved
from pgagents.base.http import Handler, json_bytes
from pgagents.sandbox.deliver import Parcel
from pgagents.sandbox.fault_declaration import Context
from pgagents.sandbox.outbox import Delivery

CLASS = "webhooks"
SUBTLE = True
FORM = "words"
PROMISE = "schemas.Event.properties.id.description:: a redelivery keeps it"


def wrap(handler: Handler, context: Context) -> Handler:
    inner = context.courier.compose

    def compose(delivery: Delivery) -> bytes:
        body = json.loads(inner(delivery))
        return json_bytes({**body, "id": f"{body['id']}{delivery.attempts}"} if delivery.attempts else body)

    context.courier.compose = compose
    return handler


def shows(call: Shown) -> Any:
    sent: list[str] = []

    def post(parcel: Parcel) -> str:
        sent.append(json.loads(parcel.body)["id"])
        return "answered 503"

    call.sandbox.courier._post = post
    call.hook("session.ended")
    call.end(call.park())
    for _ in range(3):
        call.sandbox.courier.round()
        moved(call, 20)
    return len(set(sent))
