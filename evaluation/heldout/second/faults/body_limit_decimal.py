"""One megabyte is configured as 1,000,000 bytes, so bodies a little below 1 MiB are refused."""

from __future__ import annotations

import json
from typing import Any

from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.fault_declaration import Context
from pgagents.sandbox.routes import too_large

CLASS = "limits of input"
SUBTLE = True
FORM = "formal"
PROMISE = "limits.max_body_bytes:: 1048576"


def wrap(handler: Handler, context: Context) -> Handler:
    context.front.exceeds = lambda request, _most: too_large(request, 1_000_000)
    return handler


def shows(call: Shown) -> Any:
    body = json.dumps({"session_id": "sess_01JS1E6R3A", "reason": "late", "amount": 1}).encode()
    return call.status("POST", "/api/v1/refunds", body + b" " * (1_020_000 - len(body)))
