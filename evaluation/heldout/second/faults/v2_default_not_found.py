"""The v2 routes are a mounted app of their own that keeps its framework's answer to unknown paths and
methods.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler, Request, Response
from pgagents.sandbox.fault_declaration import Context
from pgagents.sandbox.fault_helpers import edits

CLASS = "envelope"
SUBTLE = False
FORM = "formal"
PROMISE = "errors.framework.unknown_path + errors.envelope:: NOT_FOUND in the envelope Error"


def wrap(handler: Handler, context: Context) -> Handler:
    texts = {404: "Not Found", 405: "Method Not Allowed"}

    def edit(request: Request, answer: Response) -> Response:
        if request.path.startswith("/api/v2/") and answer.status in texts:
            return answer.with_json({"detail": texts[answer.status]})
        return answer

    return edits(handler, edit)


def shows(call: Shown) -> Any:
    return sorted(call.data("GET", "/api/v2/intelligence/nothing", status=404))
