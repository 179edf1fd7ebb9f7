"""The framework's handler for a wrong method lists every method it knows in Allow, not those of the path."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from evaluation.heldout.fourth.around import told
from pgagents.base.http import Handler, Request, Response
from pgagents.sandbox.fault_declaration import Context

CLASS = "status codes"
SUBTLE = False
FORM = "words"
PROMISE = "headers.Allow.description:: Allow names the methods that the path has"


def wrap(handler: Handler, context: Context) -> Handler:
    def edit(request: Request, answer: Response) -> Response:
        if answer.status != 405:
            return answer
        return answer.with_header("Allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS")

    return told(handler, edit)


def shows(call: Shown) -> Any:
    return call("PUT", "/api/v1/sessions", {}).header("allow")
