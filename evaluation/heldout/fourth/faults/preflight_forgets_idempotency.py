"""A browser's preflight is allowed a list of headers that was written before there were idempotency keys."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from evaluation.heldout.fourth.around import told
from pgagents.base.http import Handler, Request, Response
from pgagents.sandbox.fault_declaration import Context

CLASS = "CORS"
SUBTLE = True
FORM = "formal"
PROMISE = (
    "browsers.origins + actions.create_session.input.idempotency_key.wire:: a page of any origin may "
    "send what the API takes"
)


def wrap(handler: Handler, context: Context) -> Handler:
    def edit(request: Request, answer: Response) -> Response:
        allowed = answer.header("access-control-allow-headers")
        if allowed is None:
            return answer
        kept = [name for name in allowed.split(", ") if name.lower() != "idempotency-key"]
        return answer.with_header("Access-Control-Allow-Headers", ", ".join(kept))

    return told(handler, edit)


def shows(call: Shown) -> Any:
    answer = call(
        "OPTIONS",
        "/api/v1/sessions",
        key=None,
        Origin="https://app.example",
        Access_Control_Request_Method="POST",
        Access_Control_Request_Headers="authorization,idempotency-key",
    )
    return "Idempotency-Key" in (answer.header("access-control-allow-headers") or "")
