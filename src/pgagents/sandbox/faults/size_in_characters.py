"""How large a body is, is asked once it is text: in characters, of which many have two bytes and more."""

from __future__ import annotations

from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response, Silence

BREAKS = frozenset({"framework"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Let the front take a body of any size that has no more characters than it may have bytes."""
    front = context.front
    most = front._most_bytes

    def answer(request: Request) -> Response | Silence:
        if most is None or len(request.body) <= most or len(request.body.decode("utf-8", "replace")) > most:
            return handler(request)
        with front.store.lock:
            front._most_bytes = None
            try:
                return handler(request)
            finally:
                front._most_bytes = most

    return answer
