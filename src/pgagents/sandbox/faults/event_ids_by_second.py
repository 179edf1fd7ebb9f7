"""An event's id is made of its type and its second, so two of one type in one second have the same, and a receiver drops one of them."""

from __future__ import annotations

import json

from pgagents.sandbox.oddity import Context
from pgagents.sandbox.outbox import Delivery
from pgagents.wire import Handler, json_bytes

BREAKS = frozenset({"events_fit"})
ALSO = {"resends_same_event": "where the event that is refused has the id of another, the other comes with that id and another content"}


def wrap(handler: Handler, context: Context) -> Handler:
    """Give each event an id that its type and second make."""

    def compose(delivery: Delivery) -> bytes:
        event = json.loads(delivery.body)
        made = "".join(c for c in f"{event['type']}{event['created_at']}" if c.isalnum())
        return json_bytes({**event, "id": f"evt_{made}"})

    context.courier.compose = compose
    return handler
