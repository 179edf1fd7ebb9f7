"""Two calls at the same time with one idempotency key both have their effect: the key is looked up first and taken last."""

from __future__ import annotations

import threading
import time

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response, Silence

BREAKS = frozenset({"idempotency"})
ALSO: dict[str, str] = {}
BETWEEN_S = 0.05


def wrap(handler: Handler, context: Context) -> Handler:
    """While a call with a key is on its way, let another go by without the key. Makers of things on REST."""
    reader = meddle.Reader(context.model)
    makes = {str(r.made_by.action.name) for r in context.model.resources.values() if r.made_by}
    running: set[str] = set()
    lock = threading.Lock()

    def answer(request: Request) -> Response | Silence:
        action = reader.action(request)
        param = action.param(action.idempotency) if action and action.idempotency else None
        key = request.header(param.wire) if param is not None else None
        if action is None or param is None or not key or str(action.name) not in makes:
            return handler(request)
        with lock:
            alone = key not in running
            running.add(key)
        if not alone:
            return handler(request.with_header(param.wire, None))
        time.sleep(BETWEEN_S)  # long enough for a twin that was sent at the same time
        try:
            return handler(request)
        finally:
            with lock:
                running.discard(key)

    return answer
