"""The proxy takes over a caller's own X-Request-Id as the id of the answer, whatever it looks like."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from evaluation.heldout.fourth.around import members, told
from pgagents.base.http import Handler, Request, Response
from pgagents.sandbox.fault_declaration import Context

CLASS = "headers"
SUBTLE = True
FORM = "formal"
PROMISE = "headers.X-Request-Id.schema.pattern:: the answer has an id of its own, which begins req_"


def wrap(handler: Handler, context: Context) -> Handler:
    def edit(request: Request, answer: Response) -> Response:
        theirs = request.header("x-request-id")
        if not theirs:
            return answer
        body = members(answer.body)
        if isinstance(body.get("error"), dict) and "request_id" in body["error"]:
            answer = answer.with_json({**body, "error": {**body["error"], "request_id": theirs}})
        return answer.with_header("X-Request-Id", theirs)

    return told(handler, edit)


def shows(call: Shown) -> Any:
    return call("GET", "/api/v1/webhooks", X_Request_Id="trace-77").header("x-request-id") == "trace-77"
