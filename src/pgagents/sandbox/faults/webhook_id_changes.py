"""An event that is sent again has another id, so that its receiver takes it twice."""

from __future__ import annotations

import json

from pgagents.sandbox.keys import word
from pgagents.sandbox.oddity import Context
from pgagents.sandbox.outbox import Delivery
from pgagents.wire import Handler, json_bytes

BREAKS = frozenset({"resends_same_event"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """A new id from the second attempt on."""
    compose = context.courier.compose

    def renamed(delivery: Delivery) -> bytes:
        body = compose(delivery)
        return json_bytes({**json.loads(body), "id": "evt_" + word(context.rng, 20)}) if delivery.attempts else body

    context.courier.compose = renamed
    return handler
