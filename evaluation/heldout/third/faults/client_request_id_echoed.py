"""A proxy keeps the X-Request-Id that a client sent, so an answer's id is the client's, whatever it looks
like, and may repeat.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from evaluation.heldout.third.around import answers
from pgagents.base.http import Handler, Request, Response
from pgagents.sandbox.fault_declaration import Context

CLASS = "headers"
SUBTLE = True
FORM = "formal"
PROMISE = "headers.X-Request-Id.schema.pattern:: every answer has an id of its own, which begins req_"


def wrap(handler: Handler, context: Context) -> Handler:
    def change(request: Request, answer: Response) -> Response:
        own = request.header("x-request-id")
        return answer.with_header("X-Request-Id", own) if own else answer

    return answers(handler, change)


def shows(call: Shown) -> Any:
    return call("GET", "/api/v1/health", key=None, X_Request_Id="trace-1").header("x-request-id") == "trace-1"
