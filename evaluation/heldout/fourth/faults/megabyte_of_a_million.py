"""The limit of a body was set to 1,000,000 bytes in the proxy, so bodies between that and a true megabyte are
refused as too large."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.fault_declaration import Context
from pgagents.sandbox.routes import too_large

CLASS = "limits"
SUBTLE = True
FORM = "formal"
PROMISE = "limits.max_body_bytes:: a body of up to 1,048,576 bytes is read"


def wrap(handler: Handler, context: Context) -> Handler:
    context.front.exceeds = lambda request, _most: too_large(request, 1_000_000)
    return handler


def shows(call: Shown) -> Any:
    return call.status(
        "POST", "/api/v1/refunds", {"session_id": "sess_01JS1E6R3A", "reason": "x" * 1_020_000}
    )
