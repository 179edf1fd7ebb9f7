"""Events are signed twice, as while a secret is rolled over; their envelope has a further member, their JSON spaces."""

from __future__ import annotations

import json

from pgagents.sandbox.oddity import Context
from pgagents.sandbox.outbox import Delivery
from pgagents.wire import Handler

POINT = None


def wrap(handler: Handler, context: Context) -> Handler:
    """A signature by another secret before the right one, a version in the envelope, spaces in the JSON."""
    sign, compose = context.courier.sign, context.courier.compose

    def twice(secret: str, body: bytes, now: float) -> str:
        right = sign(secret, body, now)
        return right.replace(",v1=", f",v1={'0' * 64},v1=", 1)

    def spaced(delivery: Delivery) -> bytes:
        return json.dumps({"api_version": "2026-04", **json.loads(compose(delivery))}, indent=1).encode()

    context.courier.sign, context.courier.compose = twice, spaced
    return handler
