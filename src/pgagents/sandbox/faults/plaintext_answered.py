"""Plain http is answered like https, so that keys travel in the open."""

from __future__ import annotations

from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"framework"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Let the twin ask the front."""
    front = context.front

    def answer(request: Request) -> Response:
        return front(request)

    front.plaintext = answer  # type: ignore[method-assign]  # a fault stands in for the front's own way
    return handler
