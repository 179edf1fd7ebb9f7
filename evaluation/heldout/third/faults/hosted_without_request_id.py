"""Hosted documents come from a CDN, which knows no request ids, so their answers have none."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from evaluation.heldout.third.around import answers
from pgagents.base.http import Handler, Request, Response
from pgagents.sandbox.fault_declaration import Context

CLASS = "hosted documents"
SUBTLE = True
FORM = "formal"
PROMISE = "headers.X-Request-Id.on:: every answer has a request id"


def wrap(handler: Handler, context: Context) -> Handler:
    hosted = set(context.model.api.hosted.values())

    def change(request: Request, answer: Response) -> Response:
        return answer.with_header("X-Request-Id", None) if request.path in hosted else answer

    return answers(handler, change)


def shows(call: Shown) -> Any:
    return call("GET", "/.well-known/ai-plugin.json", key=None).header("x-request-id") is None
