"""A HEAD of a hosted document is refused, so link checkers take it for dead."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler, Request, Response
from pgagents.sandbox import fault_helpers
from pgagents.sandbox.fault_declaration import Context

CLASS = "http"
SUBTLE = True
PROMISE = "RFC 9110: HEAD is answered as GET without a body; 405 with Allow lists what the path has"


def wrap(handler: Handler, context: Context) -> Handler:
    def edit(request: Request, answer: Response) -> Response:
        if request.method == "HEAD" and context.front.hosted.has(request.path):
            return replace(answer, status=405).with_header("Allow", "GET")
        return answer

    return fault_helpers.edits(handler, edit)


def shows(call: Shown) -> Any:
    return call.status("HEAD", "/.well-known/ai-plugin.json", key=None)
