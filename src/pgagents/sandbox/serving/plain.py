"""The plaintext port of a sandbox with TLS, which answers 426 to everything."""

from __future__ import annotations

from collections.abc import Callable

from pgagents.http import Request, Response
from pgagents.sandbox.front import PEER, Front

PROTOCOL = "TLS/1.3"


def plain(front: Front) -> Callable[[Request], Response]:
    """Return a handler that refuses every request without reading it.

    A key that was sent in plaintext must not be tried.
    """

    def answer(request: Request) -> Response:
        refused = front.plaintext(Request("GET", "/", ((PEER, request.header(PEER) or ""),)))
        if refused.header("Upgrade") is None:
            refused = refused.with_header("Upgrade", PROTOCOL)
        return refused.with_header(
            "Connection", "Upgrade, close"
        )  # RFC 9110, 7.8: who sends Upgrade names it in Connection

    return answer
