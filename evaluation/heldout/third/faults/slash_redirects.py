"""The framework's default sends a path with a slash behind it on to the one without, by a 308."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from evaluation.heldout.calls import Shown
from evaluation.heldout.third.around import answers
from pgagents.base.http import Handler, Request, Response
from pgagents.sandbox.fault_declaration import Context

CLASS = "transport"
SUBTLE = True
FORM = "formal"
PROMISE = (
    "behaviour.redirects + behaviour.trailing_slash:: a path with a slash behind it is unknown, and "
    "nothing is redirected"
)


def wrap(handler: Handler, context: Context) -> Handler:
    def change(request: Request, answer: Response) -> Response:
        path = request.path
        if answer.status != 404 or not path.endswith("/") or context.front.routes.match(path[:-1]) is None:
            return answer
        rest = request.target[len(path) :]
        return (
            replace(answer, status=308, body=b"")
            .with_header("Content-Type", None)
            .with_header("Location", path[:-1] + rest)
        )

    return answers(handler, change)


def shows(call: Shown) -> Any:
    return call.status("GET", "/api/v1/sessions/")
