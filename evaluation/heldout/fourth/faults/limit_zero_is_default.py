"""A page's size is read as `limit or 25`, so that zero is taken for not given instead of being refused."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from evaluation.heldout.fourth.around import asked, requeried
from pgagents.base.http import Handler, Request
from pgagents.sandbox.fault_declaration import Context

CLASS = "validation"
SUBTLE = True
FORM = "formal"
PROMISE = "actions.list_sessions.input.limit.minimum:: a limit below 1 is refused"


def wrap(handler: Handler, context: Context) -> Handler:
    def edit(request: Request) -> Request:
        if (
            request.path not in ("/api/v1/sessions", "/api/v1/sessions/search")
            or ("limit", "0") not in request.query
        ):
            return request
        return requeried(request, [pair for pair in request.query if pair != ("limit", "0")])

    return asked(handler, edit)


def shows(call: Shown) -> Any:
    return call.status("GET", "/api/v1/sessions?limit=0")
