"""An idempotency key is looked up before it is written, so two calls at once both pass."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler, Request, Response, Silence
from pgagents.sandbox.fault_declaration import Context

CLASS = "concurrency"
SUBTLE = True
PROMISE = "section 6: parallel: one 2xx, the others 409"


def wrap(handler: Handler, _context: Context) -> Handler:
    at_work: set[str] = set()
    lock = threading.Lock()

    def answer(request: Request) -> Response | Silence:
        used = request.header("Idempotency-Key")
        if not used:
            return handler(request)
        with lock:
            raced = used in at_work
            at_work.add(used)
        time.sleep(0.02)
        try:
            return handler(request.with_header("Idempotency-Key", None) if raced else request)
        finally:
            with lock:
                at_work.discard(used)

    return answer


def shows(call: Shown) -> Any:
    body = {"lot_id": "lot_lionshead", "plate": "CO-1"}
    with ThreadPoolExecutor(2) as pool:
        return sorted(
            pool.map(lambda _: call.status("POST", "/api/v1/sessions", body, Idempotency_Key="k1"), range(2))
        )
