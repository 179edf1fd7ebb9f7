"""The list of headers that a browser may send was written before there was Idempotency-Key."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler, Request, Response
from pgagents.sandbox.fault_declaration import Context
from pgagents.sandbox.fault_helpers import edits

CLASS = "cors"
SUBTLE = True
FORM = "formal"
PROMISE = (
    "browsers.origins + actions.create_session.input.idempotency_key.wire:: a web page of any origin may "
    "call, and "
    "a call may have Idempotency-Key"
)


def wrap(handler: Handler, context: Context) -> Handler:
    def edit(request: Request, answer: Response) -> Response:
        allowed = answer.header("Access-Control-Allow-Headers")
        if allowed is None:
            return answer
        kept = [name for name in allowed.split(", ") if name.lower() != "idempotency-key"]
        return answer.with_header("Access-Control-Allow-Headers", ", ".join(kept))

    return edits(handler, edit)


def shows(call: Shown) -> Any:
    asked = {"Origin": "https://app.example", "Access_Control_Request_Method": "POST"}
    return call("OPTIONS", "/api/v1/sessions", key=None, **asked).header("Access-Control-Allow-Headers")
