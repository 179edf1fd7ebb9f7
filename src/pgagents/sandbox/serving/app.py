"""A handler as an ASGI application: read the body up to a limit, call the handler, send the answer."""

from __future__ import annotations

import asyncio
import re
import traceback
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from typing import Any

from starlette.requests import ClientDisconnect
from starlette.requests import Request as Incoming

from pgagents.http import Handler, Request, Response, Silence
from pgagents.sandbox.front import CERTIFICATE, PEER, SCHEME
from pgagents.sandbox.serving.connection import WRITE

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
_ABSOLUTE = re.compile(r"https?://[^/?#]+(?=[/?]|$)", re.I)
DRAIN_S = 3.0
DRAIN_BYTES = 16_777_216
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Answer = Callable[[Request], Awaitable[Response | Silence]]


def at_once(handler: Handler) -> Answer:
    """Return an asynchronous form of a handler. It never waits."""

    async def answer(request: Request) -> Response | Silence:
        return handler(request)

    return answer


def app(
    handler: Answer,
    most_bytes: int | None,
    log: Callable[[str], None] = lambda _: None,
    *,
    malformed: Handler | None = None,
) -> App:
    """Return the ASGI application.

    `log` gets tracebacks. `malformed` answers a request with two lengths. A body over `most_bytes` is not
    read to its end: the handler gets one byte too many and refuses it. The handler runs on the same thread,
    because a call takes less time than a change of threads.
    """

    async def log_errors(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await answer(scope, receive, send)
        except Exception:
            log(traceback.format_exc())
            raise

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        incoming = Incoming(scope, receive)
        if malformed is not None and _two_lengths(scope):
            refusal = malformed(_request(scope, b""))
            assert isinstance(refusal, Response)
            await _refuse(incoming, refusal, send)
            return
        try:
            body, whole = await _body(incoming, most_bytes) if _has_body(scope) else (b"", True)
        except ClientDisconnect:
            return
        found = await handler(_request(scope, body))
        if isinstance(found, Silence):
            # the handler announced an answer and sends none, so uvicorn closes the connection
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1")]})
            return
        if whole:
            await send(_head(found))
            await send({"type": "http.response.body", "body": b"" if found.status == 204 else found.body})
            if found.status == 204 and found.body:
                scope["state"][WRITE](found.body)  # a fault's body, which h11 would refuse to send
        else:
            await _refuse(incoming, found, send)

    return log_errors


async def _refuse(incoming: Incoming, found: Response, send: Send) -> None:
    """Send an answer at once, then read on for a while.

    Closing a connection with unread bytes resets it, and the answer would be lost.
    """
    await send(_head(found, (b"connection", b"close")))
    await send({"type": "http.response.body", "body": found.body, "more_body": True})
    with suppress(TimeoutError):
        async with asyncio.timeout(DRAIN_S):
            left = DRAIN_BYTES
            more = True
            while more and left > 0:
                message = await incoming.receive()
                more = message["type"] == "http.request" and message.get("more_body", False)
                left -= len(message.get("body", b""))
    await send({"type": "http.response.body", "body": b""})


def _has_body(scope: Scope) -> bool:
    """Return whether a request has a body, by its headers (RFC 9112, 6.3)."""
    return any(name in (b"content-length", b"transfer-encoding") for name, _ in scope["headers"])


def _two_lengths(scope: Scope) -> bool:
    """Return whether a request has both a length and chunks, on which a proxy might disagree (RFC 9112,
    6.1).
    """
    return {b"content-length", b"transfer-encoding"} <= {name for name, _ in scope["headers"]}


async def _body(incoming: Incoming, most_bytes: int | None) -> tuple[bytes, bool]:
    """Return the body, and True if all of it was read."""
    declared = incoming.headers.get("content-length", "")
    if most_bytes is not None and declared.isdigit() and int(declared[:20]) > most_bytes:
        return b"", False
    parts = bytearray()
    while True:
        message = await incoming.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        parts += message.get("body", b"")
        if most_bytes is not None and len(parts) > most_bytes:
            return bytes(parts[: most_bytes + 1]), False
        if not message.get("more_body", False):
            return bytes(parts), True


def _request(scope: Scope, body: bytes) -> Request:
    target = scope["raw_path"].decode("latin-1") if scope.get("raw_path") else scope["path"]
    # a server must accept this form (RFC 9112, 3.2.2)
    if target[:1] != "/" and (whole := _ABSOLUTE.match(target)):
        target = target[whole.end() :] or "/"
    if scope["query_string"]:
        target += "?" + scope["query_string"].decode("latin-1")
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
    peer = scope["client"][0] if scope.get("client") else ""
    shown = (scope.get("state") or {}).get("certificate", "")
    connection = ((PEER, peer), (SCHEME, scope["scheme"]), *(((CERTIFICATE, shown),) if shown else ()))
    return Request(scope["method"], target, (*headers, *connection), body)


def _head(found: Response, *more: tuple[bytes, bytes]) -> MutableMapping[str, Any]:
    """Return the first message of an answer; one without content has no length (RFC 9110, 8.6).

    A fault's 204 with a body has one.
    """
    headers = [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in found.headers]
    if found.status >= 200 and found.status != 304 and (found.status != 204 or found.body):
        headers.append((b"content-length", b"%d" % len(found.body)))
    return {"type": "http.response.start", "status": found.status, "headers": [*headers, *more]}
