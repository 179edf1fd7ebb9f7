"""The list of headers that a web page may send was written before Idempotency-Key came and lacks it, so
browsers do not make the call.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from evaluation.heldout.third.around import answers
from pgagents.base.http import Handler, Request, Response
from pgagents.sandbox.fault_declaration import Context

CLASS = "CORS"
SUBTLE = True
FORM = "formal"
PROMISE = (
    "browsers.origins + actions.create_session.input.idempotency_key.wire:: a web page of any origin may "
    "make every call with its headers"
)


def wrap(handler: Handler, context: Context) -> Handler:
    def change(_: Request, answer: Response) -> Response:
        allowed = answer.header("access-control-allow-headers")
        if allowed is None:
            return answer
        kept = [name for name in allowed.split(", ") if name.lower() != "idempotency-key"]
        return answer.with_header("Access-Control-Allow-Headers", ", ".join(kept))

    return answers(handler, change)


def shows(call: Shown) -> Any:
    asked = {
        "Origin": "https://app.example",
        "Access_Control_Request_Method": "POST",
        "Access_Control_Request_Headers": "idempotency-key",
    }
    return call("OPTIONS", "/api/v1/sessions", key=None, **asked).header("access-control-allow-headers")
