"""An id that is longer than its column crashes the server."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler, Request, Response
from pgagents.sandbox import fault_helpers
from pgagents.sandbox.fault_declaration import Context

CLASS = "errors"
SUBTLE = False
PROMISE = "ids ^[A-Za-z0-9_-]{1,64}$, else 400"


def wrap(handler: Handler, _context: Context) -> Handler:
    def edit(request: Request, answer: Response) -> Response:
        data = fault_helpers.data_of(answer)
        if answer.status != 400 or not request.path.startswith("/api/v1/lots/") or len(request.path) < 90:
            return answer
        data["error"] = {k: v for k, v in data["error"].items() if k != "field"} | {
            "code": "INTERNAL",
            "message": "Something went wrong",
        }
        return replace(answer.with_json(data), status=500)

    return fault_helpers.edits(handler, edit)


def shows(call: Shown) -> Any:
    return call.status("GET", f"/api/v1/lots/{'x' * 80}/rates")
