"""The framework of the webhook service sends DELETE /webhooks/{id}/ on to the path without the slash."""

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
    return redirected(handler, "DELETE", "/api/v1/webhooks/", 308)


def shows(call: Shown) -> Any:
    return call.status("DELETE", f"/api/v1/webhooks/{call.hook('session.ended')['id']}/")
