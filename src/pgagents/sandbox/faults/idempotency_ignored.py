"""The same idempotency key makes a second thing."""

from __future__ import annotations

from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response, Silence

BREAKS = frozenset({"idempotency"})
ALSO = {
    "remembers_keys": "what is forgotten at once is forgotten after a day, too",
}


def wrap(handler: Handler, context: Context) -> Handler:
    """Forget every idempotency key once its call is answered."""

    def answer(request: Request) -> Response | Silence:
        found = handler(request)
        with context.front.store.transaction():
            context.front.store.run("DELETE FROM idempotency")
        return found

    return answer
