"""Answer the probes of a container host: `/health` while the process lives, `/ready` while it can serve.

`/ready` does not depend on the API. While the API is down, tools say so, and no process need be stopped.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

HEALTH, READY = "/health", "/ready"
AGAIN_S = 5
Readiness = Callable[[], Awaitable[str]]
"""A function that returns why the server cannot serve; empty if it can."""


class Probes:
    """Answer probes, and refuse all other requests with 503 until the server is ready."""

    def __init__(self, app: ASGIApp, readiness: Readiness) -> None:
        self._app, self._readiness = app, readiness
        self._ready = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, or answer a probe."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if scope["path"] == HEALTH:
            await _answer(send, 200, {"status": "ok"})
            return
        why = await self._lack()
        if scope["path"] == READY:
            await _answer(send, 503 if why else 200, {"status": why or "ready"})
        elif why:
            await _answer(send, 503, {"error": why})
        else:
            await self._app(scope, receive, send)

    async def _lack(self) -> str:
        if self._ready:
            return ""
        why = await self._readiness()
        self._ready = not why
        return why


async def _answer(send: Send, status: int, data: dict[str, str]) -> None:
    body = json.dumps(data).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    headers.append((b"cache-control", b"no-store"))
    if status == 503:
        headers += [(b"retry-after", str(AGAIN_S).encode()), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
