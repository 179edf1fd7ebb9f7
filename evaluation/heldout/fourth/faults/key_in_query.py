"""For a partner that could send no headers, a key in the query's `api_key` was allowed and never taken out
again.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from evaluation.heldout.fourth.around import asked
from pgagents.base.http import Handler, Request
from pgagents.sandbox.fault_declaration import Context

CLASS = "auth"
SUBTLE = False
FORM = "formal"
PROMISE = (
    "auth.schemes.bearerAuth.type + "
    "errors.codes.UNAUTHORIZED.meaning:: "
    "a key is sent in the Authorization header; without it a call is refused with 401"
)


def wrap(handler: Handler, context: Context) -> Handler:
    def edit(request: Request) -> Request:
        if request.header("authorization") is not None:
            return request
        token = dict(request.query).get("api_key")
        return request if token is None else request.with_header("Authorization", f"Bearer {token}")

    return asked(handler, edit)


def shows(call: Shown) -> Any:
    return call.status("GET", f"/api/v1/webhooks?api_key={call.tokens['unlimited']}", key=None)
