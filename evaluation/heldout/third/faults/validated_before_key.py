"""Arguments are validated before the key is looked at, so a caller without a key is told what is wrong
with them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler, Request, Response, Silence
from pgagents.sandbox.answers import refuse
from pgagents.sandbox.decode import Problem
from pgagents.sandbox.fault_declaration import Context

CLASS = "authentication"
SUBTLE = False
FORM = "formal"
PROMISE = "behaviour.auth_first:: a call without a key is refused for that before anything else"


def wrap(handler: Handler, context: Context) -> Handler:
    front = context.front

    def answer(request: Request) -> Response | Silence:
        found = handler(request)
        match = front.routes.match(request.path)
        endpoint = match.methods.get(request.method) if match else None
        if (
            not isinstance(found, Response)
            or found.status != 401
            or match is None
            or endpoint is None
            or endpoint.action is None
        ):
            return found
        fault = front.decoder.request(endpoint.action, request, match.values)
        if not isinstance(fault, Problem):
            return found
        refused = refuse(
            front.model, fault.kind, fault.message, found.header("x-request-id") or "", field=fault.field
        )
        return replace(found, status=400, body=refused.body).with_header("WWW-Authenticate", None)

    return answer


def shows(call: Shown) -> Any:
    return call.status("GET", "/api/v1/lots/search?lat=91&lng=0", key=None)
