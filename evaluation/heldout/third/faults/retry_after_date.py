"""Retry-After is told as a date, the other form that HTTP has, so a client that reads a number fails."""

from __future__ import annotations

import email.utils
from typing import Any

from evaluation.heldout.calls import Shown
from evaluation.heldout.third.around import answers
from pgagents.base.http import Handler, Request, Response
from pgagents.sandbox.fault_declaration import Context

CLASS = "limits and headers"
SUBTLE = False
FORM = "formal"
PROMISE = "headers.Retry-After.schema.type:: Retry-After is told in seconds"


def wrap(handler: Handler, context: Context) -> Handler:
    def change(_: Request, answer: Response) -> Response:
        wait = answer.header("retry-after")
        if wait is None or not wait.isdigit():
            return answer
        return answer.with_header(
            "Retry-After", email.utils.formatdate(context.front.clock.now() + int(wait), usegmt=True)
        )

    return answers(handler, change)


def shows(call: Shown) -> Any:
    body = {"session_id": "sess_nowhere", "session_code": "x"}
    told = [call("POST", "/api/v1/sessions/end", body, key="test").header("retry-after") for _ in range(61)]
    return [each.isdigit() for each in told if each]
