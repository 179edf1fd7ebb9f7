"""Events are signed over their body written anew, not over the bytes that are sent."""

from __future__ import annotations

import json

from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"signs_events"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Sign what a JSON library makes of the body: the spaces differ."""
    sign = context.courier.sign
    context.courier.sign = lambda secret, body, now: sign(secret, json.dumps(json.loads(body)).encode(), now)
    return handler
