"""The size of a body is taken after it was decoded, in characters, so text that is not ASCII passes at
several times the limit.
"""

from __future__ import annotations

from typing import Any

from heldout.calls import Shown
from pgagents.http import Handler, Request, Response, Silence
from pgagents.sandbox.asked import too_large
from pgagents.sandbox.injection.fault_registry import Context

CLASS = "odd input"
SUBTLE = True
FORM = "formal"
PROMISE = "limits.max_body_bytes:: a body of more than 1,048,576 bytes is refused with 413"


def wrap(handler: Handler, context: Context) -> Handler:
    front = context.front
    limit = front._most_bytes or 0

    def answer(request: Request) -> Response | Silence:
        fits = too_large(request, limit) and len(request.body.decode("utf-8", "replace")) <= limit
        with front.store.lock:
            front._most_bytes = None if fits else limit
            try:
                return handler(request)
            finally:
                front._most_bytes = limit

    return answer


def shows(call: Shown) -> Any:
    return call.status("POST", "/api/v1/refunds", {"session_id": "sess_01JS1E6R3A", "reason": "ü" * 600_000})
