"""The signature of an event leaves its time out, so that an old delivery can be sent again for ever."""

from __future__ import annotations

import hashlib
import hmac

from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"signs_events"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Sign the body alone; the time stands beside it."""

    def sign(secret: str, body: bytes, now: float) -> str:
        return f"t={int(now)},v1={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"

    context.courier.sign = sign
    return handler
