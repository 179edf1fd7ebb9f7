"""The 404 of an unknown lot is cached with its whole body, so the next one tells the request id of the
first.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler, Request, Response
from pgagents.sandbox.fault_declaration import Context
from pgagents.sandbox.fault_helpers import edits

CLASS = "envelope"
SUBTLE = True
FORM = "formal"
PROMISE = (
    "headers.X-Request-Id.description + errors.request_id_at:: the answer's own id, in an error body too"
)


def wrap(handler: Handler, context: Context) -> Handler:
    kept: dict[str, tuple[float, bytes]] = {}

    def edit(request: Request, answer: Response) -> Response:
        if request.method != "GET" or answer.status != 404 or not request.path.startswith("/api/v1/lots/"):
            return answer
        now = context.front.clock.now()
        until, body = kept.get(request.path, (0.0, b""))
        if until < now:
            kept[request.path] = (now + 60, answer.body)
            return answer
        return replace(answer, body=body)

    return edits(handler, edit)


def shows(call: Shown) -> Any:
    found = [call("GET", "/api/v1/lots/lot_nowhere/rates") for _ in range(2)]
    return [json.loads(a.body)["error"]["request_id"] == a.header("X-Request-Id") for a in found]
