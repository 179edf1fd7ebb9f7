"""The size of a body is taken after it was decoded, in characters, so text that is not ASCII passes at
several times the limit.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler, Request
from pgagents.sandbox.fault_declaration import Context
from pgagents.sandbox.routes import too_large

CLASS = "odd input"
SUBTLE = True
FORM = "formal"
PROMISE = "limits.max_body_bytes:: a body of more than 1,048,576 bytes is refused with 413"


def wrap(handler: Handler, context: Context) -> Handler:
    def exceeds(request: Request, most: int | None) -> bool:
        return too_large(request, most) and len(request.body.decode("utf-8", "replace")) > (most or 0)

    context.front.exceeds = exceeds
    return handler


def shows(call: Shown) -> Any:
    return call.status("POST", "/api/v1/refunds", {"session_id": "sess_01JS1E6R3A", "reason": "ü" * 600_000})
