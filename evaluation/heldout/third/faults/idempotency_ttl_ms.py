"""The 86,400 seconds of an idempotency key are given to a store that counts milliseconds, so after a minute
and a half a retry parks twice.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler, Request, Response, Silence
from pgagents.sandbox.fault_declaration import Context

CLASS = "idempotency"
SUBTLE = True
FORM = "formal"
PROMISE = "idempotency.lives_s:: an idempotency key holds for 24 hours"


def wrap(handler: Handler, context: Context) -> Handler:
    front = context.front

    def answer(request: Request) -> Response | Silence:
        with front.store.lock:
            found = handler(request)
            most = front.clock.now() + 86.4
            if request.method == "POST":
                front.store.run("UPDATE idempotency SET dies_at = ? WHERE dies_at > ?", most, most)
            return found

    return answer


def shows(call: Shown) -> Any:
    body = {"lot_id": "lot_lionshead", "plate": "CO-7891"}
    first = call.status("POST", "/api/v1/sessions", body, Idempotency_Key="one")
    call.wait(120)
    return first, call.status("POST", "/api/v1/sessions", body, Idempotency_Key="one")
