"""That an idempotency key is used is written by a worker a quarter of a second after the answer, so calls at
the same time all have an effect.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler, Request, Response, Silence
from pgagents.sandbox.fault_declaration import Context

CLASS = "concurrency"
SUBTLE = True
FORM = "formal"
PROMISE = "behaviour.replay:: a repeated idempotency key is a conflict"


def wrap(handler: Handler, context: Context) -> Handler:
    front = context.front
    waiting: list[tuple[float, tuple[Any, ...]]] = []

    def answer(request: Request) -> Response | Silence:
        with front.store.lock:
            now = front.clock.now()
            for visible_at, row in list(waiting):
                if visible_at <= now:
                    places = ", ".join("?" * len(row))
                    front.store.run(f"INSERT OR IGNORE INTO idempotency VALUES ({places})", *row)
                    waiting.remove((visible_at, row))
            found = handler(request)
            if request.method != "POST":
                return found
            fresh = front.store.rows("SELECT * FROM idempotency WHERE dies_at >= ?", now + 86_400)
            for one in fresh:
                waiting.append((now + 0.25, tuple(one)))
                front.store.run(
                    "DELETE FROM idempotency WHERE key_id = ? AND value = ?", one["key_id"], one["value"]
                )
            return found

    return answer


def shows(call: Shown) -> Any:
    body = {"lot_id": "lot_lionshead", "plate": "CO-7891"}
    both = [call.status("POST", "/api/v1/sessions", body, Idempotency_Key="one") for _ in range(2)]
    call.wait(1)
    return both, call.status("POST", "/api/v1/sessions", body, Idempotency_Key="one")
