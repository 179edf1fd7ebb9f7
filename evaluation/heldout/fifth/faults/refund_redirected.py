"""The payments service redirects POST /refunds/ to /refunds, as its framework does unless told otherwise."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from evaluation.heldout.fifth.around import redirected
from pgagents.base.http import Handler
from pgagents.sandbox.fault_declaration import Context

CLASS = "redirect"
SUBTLE = True
FORM = "formal"
PROMISE = "behaviour.redirects:: no call is redirected"


def wrap(handler: Handler, context: Context) -> Handler:
    return redirected(handler, "POST", "/api/v1/refunds", 307)


def shows(call: Shown) -> Any:
    return call.status(
        "POST", "/api/v1/refunds/", {"session_id": "sess_01JS1E6R3A", "reason": "The gate opened late"}
    )
