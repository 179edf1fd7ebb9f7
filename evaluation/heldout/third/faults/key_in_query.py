"""A key is also taken from the query's access_token, as old RFC 6750 clients send it, and so ends in logs."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler, Request, Response, Silence
from pgagents.sandbox.fault_declaration import Context

CLASS = "authentication"
SUBTLE = False
FORM = "formal"
PROMISE = (
    "auth.schemes.bearerAuth.type + errors.framework.no_key:: "
    "the key comes as a bearer token in the Authorization header; without that the call is refused"
)


def wrap(handler: Handler, context: Context) -> Handler:
    def answer(request: Request) -> Response | Silence:
        token = next((value for name, value in request.query if name == "access_token"), None)
        if token and request.header("authorization") is None:
            request = request.with_header("Authorization", f"Bearer {token}")
        return handler(request)

    return answer


def shows(call: Shown) -> Any:
    return call.status(
        "GET", f"/api/v1/lots/lot_lionshead/rates?access_token={call.tokens['unlimited']}", key=None
    )
