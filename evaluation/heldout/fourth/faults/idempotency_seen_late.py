"""Whether an idempotency key was used is read from a copy of the database some milliseconds behind, so two
calls at once both take effect."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler, Request, Response, Silence
from pgagents.sandbox.fault_declaration import Context

CLASS = "concurrency"
SUBTLE = True
FORM = "formal"
PROMISE = (
    "actions.create_session.idempotency + idempotency.lives_s:: of two calls with one key one takes effect"
)


BEHIND_S = 0.02


def wrap(handler: Handler, context: Context) -> Handler:
    front = context.front

    def answer(request: Request) -> Response | Silence:
        if request.header("idempotency-key"):
            with front.store.lock:
                front.store.run(
                    "DELETE FROM idempotency WHERE dies_at > ?", front.clock.now() + 86_400 - BEHIND_S
                )
        return handler(request)

    return answer


def shows(call: Shown) -> Any:
    body = {"lot_id": "lot_cascade", "plate": "CO-1"}
    return [call.status("POST", "/api/v1/sessions", body, Idempotency_Key="k1") for _ in range(2)]
